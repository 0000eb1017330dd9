#include "offline/column_list.h"

#include <arrow/type.h>

namespace featly {

std::string ColumnList(const arrow::Schema& schema) {
  constexpr int kNamed = 12;
  const int count = schema.num_fields();
  if (count == 0) return "none";
  std::string text;
  for (int i = 0; i < count && i < kNamed; ++i) {
    text += (i == 0 ? "'" : ", '") + schema.field(i)->name() + "'";
  }
  if (count > kNamed) text += " and " + std::to_string(count - kNamed) + " more";
  return text;
}

}  // namespace featly
