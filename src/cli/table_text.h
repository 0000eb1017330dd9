// Results as text: tables for people, JSON for programs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

namespace featly::cli {

/// Rows under headings, each column as wide as its widest cell. Line breaks and other controls in a
/// cell are shown as spaces.
std::string FormatTable(const std::vector<std::string>& headings,
                        const std::vector<std::vector<std::string>>& rows);

/// Appends one value as JSON, by the rules of types/json_value.h; times as RFC 3339. Values of
/// types that features cannot have are strings.
void AppendJsonCell(const arrow::Array& array, int64_t row, std::string* out);

/// The same for a table: strings without quotes, "null" for null.
std::string CellText(const arrow::Array& array, int64_t row);

/// Every row under headings.
std::string FormatArrowTable(const arrow::Table& table);

/// [{"column": value, ...}, ...]: an object a row, as Feast's get-historical-features prints them.
std::string FormatArrowRecords(const arrow::Table& table);

}  // namespace featly::cli
