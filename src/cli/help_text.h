// What --help prints.
#pragma once

#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace featly::cli {

/// The help of a command in at most 80 columns: usage, what it does, arguments, options, commands.
/// Set on the program, the commands added later have it too. Stateless.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

/// `text` in lines of at most `width` columns, broken at spaces; each line but the first begins
/// with `indent` spaces. The first line has `used` columns before it. Line breaks in `text` stay.
std::string Wrapped(std::string_view text, size_t width, size_t indent, size_t used);

}  // namespace featly::cli
