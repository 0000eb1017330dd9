// YAML configuration with line numbers and without surprises: duplicate keys, unknown keys and
// values of another type are errors that name file and line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace featly {

/// One value of a parsed YAML file. Owns its children; immutable after parsing, so any thread may
/// read it. All errors are kConfiguration with the file and the line of the value. The Get
/// functions leave `*out` alone where the key is missing or null, so `out` holds the default
/// beforehand.
class YamlNode {
 public:
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };

  /// Parses one document; nothing at all is null. kConfiguration with line and column for bad
  /// syntax, a key that is there twice, a key that is not text, a merge key ("<<") or a second
  /// document. `file` is for messages.
  static Result<YamlNode> Parse(std::string_view text, const std::string& file);
  /// Reads `path`, expands environment variables in the text and parses it; messages call it
  /// `file`.
  static Result<YamlNode> ReadFile(const std::string& path, const std::string& file);

  Kind kind() const { return kind_; }
  bool is_map() const { return kind_ == Kind::kMap; }
  bool is_null() const { return kind_ == Kind::kNull; }
  int line() const { return line_; }
  int column() const { return column_; }
  const std::string& file() const { return *file_; }
  /// The text of a scalar, quotes removed; "" for others.
  const std::string& text() const { return text_; }
  /// Whether a scalar is written without quotes, so that it may be a number or a date.
  bool is_plain() const { return is_plain_; }
  const std::vector<YamlNode>& items() const { return items_; }
  const std::vector<std::pair<std::string, YamlNode>>& entries() const { return entries_; }

  /// The value of a map's key; null where it is missing or YAML's null.
  const YamlNode* Find(std::string_view key) const;

  Status Get(std::string_view key, std::string* out) const;
  Status Get(std::string_view key, bool* out) const;
  Status Get(std::string_view key, double* out) const;
  Status Get(std::string_view key, int64_t* out, int64_t min = std::numeric_limits<int64_t>::min(),
             int64_t max = std::numeric_limits<int64_t>::max()) const;
  /// A nested map; `*out` points into this node. Null where it is missing.
  Status Get(std::string_view key, const YamlNode** out) const;

  /// Refuses keys that are not in `known`, with the nearest ones. `what` names the block
  /// ("the online_store block"). An error for anything but a map or null.
  Status OnlyKeys(std::string_view what, std::initializer_list<std::string_view> known) const {
    return OnlyKeys(what, std::span(known.begin(), known.size()));
  }
  Status OnlyKeys(std::string_view what, std::span<const std::string_view> known) const;

  /// An error about this value, with its place.
  Error ErrorHere(std::string message, ErrorKind kind = ErrorKind::kConfiguration) const;

 private:
  friend class YamlReader;
  YamlNode() = default;

  Status WrongType(std::string_view key, std::string_view wanted) const;

  Kind kind_ = Kind::kNull;
  int line_ = 0;
  int column_ = 0;
  std::shared_ptr<const std::string> file_;
  std::string text_;
  bool is_plain_ = false;
  std::vector<YamlNode> items_;
  std::vector<std::pair<std::string, YamlNode>> entries_;
};

/// `text` with $NAME and ${NAME} replaced by the environment's values, as Python's
/// os.path.expandvars does: a variable that is not set stays as it is written.
std::string ExpandEnvironment(std::string_view text);

/// Whether YAML, as Feast reads it (PyYAML), takes an unquoted word of letters, digits, '_' and '-'
/// for text, and not for an integer, a date or a word of truth.
bool ReadsAsText(std::string_view word);

}  // namespace featly
