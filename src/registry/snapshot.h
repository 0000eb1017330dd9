// What is defined, at one moment, indexed for lookups by name.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/time.h"
#include "feast/core/Registry.pb.h"
#include "registry/object_kind.h"
#include "types/entity_key.h"
#include "types/row.h"

namespace featly {

/// Name and join key of Feast's entity for views without entities.
inline constexpr std::string_view kDummyEntity = "__dummy";
inline constexpr std::string_view kDummyJoinKey = "__dummy_id";

/// Where a view's rows come from, as the engines need it. Paths are as defined (relative to the
/// repository); nothing is opened here.
struct SourceSpec {
  std::string name;
  std::string path;                      ///< File, folder or glob; empty: no batch source.
  std::string timestamp_field;           ///< Empty: the source is a table of the present.
  std::string created_timestamp_column;  ///< Empty: none.
  std::map<std::string, std::string> field_mapping;  ///< Source column -> feature or key name.
  bool has_event_time() const { return !timestamp_field.empty(); }
  /// The source's column for a feature, key or time named `name`: the mapping read backwards, else
  /// `name` itself.
  std::string ColumnFor(std::string_view name) const;
};

/// A plain feature view, compiled once when the snapshot is made: no lookup parses a definition.
struct ViewSpec {
  std::string project;
  std::string name;
  std::vector<std::string> entities;  ///< Entity names, in the view's order; without the dummy.
  std::vector<JoinKey> join_keys;     ///< Sorted by name, as EntityKeyCodec has them; may be empty.
  std::vector<RowColumn> features;    ///< In the view's order.
  /// What users see of each feature (UserArrowType); empty: ArrowTypeOf the types.
  std::vector<std::shared_ptr<arrow::DataType>> user_types;
  Duration ttl;  ///< Zero: unlimited.
  bool online = true;
  bool enabled = true;
  SourceSpec batch_source;
  std::string push_source;                           ///< Name of its PushSource; empty: none.
  const feast::core::FeatureView* proto = nullptr;   ///< In the snapshot that owns this.
  int FeatureIndex(std::string_view feature) const;  ///< -1: none.
  std::shared_ptr<arrow::DataType> UserType(size_t feature) const;
};

/// Immutable; shared between threads as shared_ptr<const>; a change makes a new one and swaps the
/// pointer. Of two objects of one name the first counts, as in Feast. Pointers and views handed out
/// live as long as the snapshot. Lookups by name are a hash.
class RegistrySnapshot {
 public:
  /// Takes the registry's message and compiles its plain feature views. A view that cannot be
  /// compiled (of a type not built yet, or not understood) is kept and listed, but has no ViewSpec:
  /// View() says why, so that one view does not take the others with it.
  static Result<std::shared_ptr<const RegistrySnapshot>> Make(
      std::shared_ptr<const feast::core::Registry> registry);
  ~RegistrySnapshot();

  const feast::core::Registry& proto() const;
  /// Changes with every commit (Feast's version_id).
  const std::string& version() const;

  /// The object, or null. `project` may be "" for projects.
  const google::protobuf::Message* Find(ObjectKind kind, std::string_view project,
                                        std::string_view name) const;
  std::vector<const google::protobuf::Message*> List(ObjectKind kind,
                                                     std::string_view project) const;
  std::vector<std::string> Names(ObjectKind kind, std::string_view project) const;

  /// A plain view. kNotFound with near names; kNotImplemented naming the view where it is an
  /// on-demand, stream or label view, or needs something not built yet; kCorrupt where it makes no
  /// sense.
  Result<const ViewSpec*> View(std::string_view project, std::string_view name) const;
  /// All plain views of a project, by name.
  std::vector<const ViewSpec*> Views(std::string_view project) const;
  /// The views a push to `push_source` writes, by name. kNotFound with near names; as View() where
  /// one of them cannot be written.
  Result<std::vector<const ViewSpec*>> PushTargets(std::string_view project,
                                                   std::string_view push_source) const;

 private:
  struct Impl;
  explicit RegistrySnapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace featly
