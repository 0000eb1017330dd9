#include <algorithm>
#include <cstddef>
#include <tuple>

#include "base/error.h"

namespace featly {
namespace {

// Longer names are not compared: they are not typing mistakes.
constexpr size_t kMaxLength = 256;
// From this many characters on, a name that begins with the other one counts as near.
constexpr size_t kMinPrefix = 3;

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Levenshtein distance in which two swapped neighbours count as one mistake.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, previous[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

}  // namespace

std::vector<std::string> NearNames(std::string_view wanted, const std::vector<std::string>& known,
                                   size_t limit) {
  std::string sought = LowerAscii(wanted.substr(0, kMaxLength));
  std::vector<std::tuple<size_t, std::string>> near;
  for (const std::string& name : known) {
    if (name.size() > kMaxLength) continue;
    std::string candidate = LowerAscii(name);
    size_t distance = EditDistance(sought, candidate);
    size_t shorter = std::min(sought.size(), candidate.size());
    size_t allowed = (std::max(sought.size(), candidate.size()) + 2) / 3;
    bool prefix = shorter >= kMinPrefix && std::string_view(sought).substr(0, shorter) ==
                                               std::string_view(candidate).substr(0, shorter);
    if (distance > allowed && !prefix) continue;
    if (distance >= std::max(sought.size(), candidate.size())) continue;  // nothing in common
    near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> names;
  for (auto& [distance, name] : near) {
    if (names.size() == limit) break;
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace featly
