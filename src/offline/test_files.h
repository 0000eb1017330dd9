// Files and tables for the tests of this room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include "base/error.h"
#include "types/value_type.h"

namespace featly {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "offline-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  void Write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = *this / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }

 private:
  std::string path_;
};

template <typename T>
using Values = std::vector<std::optional<T>>;

inline std::shared_ptr<arrow::Array> Finish(arrow::ArrayBuilder& builder) {
  return builder.Finish().ValueOrDie();
}

template <typename Builder, typename T>
std::shared_ptr<arrow::Array> Fill(Builder builder, const Values<T>& values) {
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return Finish(builder);
}

inline std::shared_ptr<arrow::Array> Ints(const Values<int64_t>& values) {
  return Fill(arrow::Int64Builder(), values);
}
inline std::shared_ptr<arrow::Array> Ints32(const Values<int32_t>& values) {
  return Fill(arrow::Int32Builder(), values);
}
inline std::shared_ptr<arrow::Array> Doubles(const Values<double>& values) {
  return Fill(arrow::DoubleBuilder(), values);
}
inline std::shared_ptr<arrow::Array> Bools(const Values<bool>& values) {
  return Fill(arrow::BooleanBuilder(), values);
}
inline std::shared_ptr<arrow::Array> Strings(const Values<std::string>& values) {
  return Fill(arrow::StringBuilder(), values);
}
/// Times in `unit` since the epoch.
inline std::shared_ptr<arrow::Array> Times(const Values<int64_t>& values,
                                           arrow::TimeUnit::type unit = arrow::TimeUnit::MICRO,
                                           const std::string& zone = "UTC") {
  return Fill(arrow::TimestampBuilder(arrow::timestamp(unit, zone), arrow::default_memory_pool()),
              values);
}
inline std::shared_ptr<arrow::Array> IntLists(
    const std::vector<std::optional<std::vector<int64_t>>>& values) {
  auto items = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), items,
                             ArrowTypeOf(ValueType::kInt64List));
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append() : builder.AppendNull()).ok());
    for (const int64_t item : value.value_or(std::vector<int64_t>())) {
      EXPECT_TRUE(items->Append(item).ok());
    }
  }
  return Finish(builder);
}

using NamedColumns = std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>;

inline std::shared_ptr<arrow::Table> MakeTable(const NamedColumns& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays,
                            arrays.empty() ? 0 : arrays.front()->length());
}

inline void WriteParquet(const std::string& path, const std::shared_ptr<arrow::Table>& table,
                         int64_t row_group = 1 << 20) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  auto stream = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), stream, row_group,
                                         parquet::default_writer_properties(), arrow_properties)
                  .ok());
  ASSERT_TRUE(stream->Close().ok());
}
inline void WriteParquet(const std::string& path, const NamedColumns& columns,
                         int64_t row_group = 1 << 20) {
  WriteParquet(path, MakeTable(columns), row_group);
}

}  // namespace featly
