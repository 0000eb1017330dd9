// featly completion: what makes a shell complete featly's command lines.
//
// The scripts only carry words: what may come next the program answers itself (complete.h), so that
// an installed script fits every version.
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace featly::cli {

namespace {

// Bash breaks words at ':' and '=' and replaces only what follows: what stands before is cut off.
constexpr const char* kBash = R"(# Bash completion of featly:  source <(featly completion bash)
_featly() {
    local line=${COMP_LINE:0:COMP_POINT} words reply current head
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    mapfile -t reply < <(command "${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    current=${words[-1]}
    head=${current%"${current##*[:=]}"}
    case ${reply[0]} in
        files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "${current#"$head"}") ;;
        directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "${current#"$head"}") ;;
        *) COMPREPLY=("${reply[@]:1}"); COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
           COMPREPLY=("${COMPREPLY[@]#"$head"}") ;;
    esac
}
complete -F _featly featly
)";

constexpr const char* kZsh = R"(#compdef featly
# Zsh completion of featly:  source <(featly completion zsh)
_featly() {
    local -a reply values
    local one
    reply=("${(@f)$(command $words[1] __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    case $reply[1] in
        files) _files ;;
        directories) _files -/ ;;
        *) for one in "${(@)reply[2,-1]}"; do
               [[ -n $one ]] && values+=("${${one%%$'\t'*}//:/\\:}:${one#*$'\t'}")
           done
           _describe featly values ;;
    esac
}
if [[ $funcstack[1] == _featly ]]; then _featly "$@"; else compdef _featly featly; fi
)";

constexpr const char* kFish = R"(# Fish completion of featly:  featly completion fish | source
function __featly_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test -n "$current"; or set current ''
    set -l reply (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    switch "$reply[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $reply[2..-1]
    end
end
complete -c featly -f -a '(__featly_complete)'
)";

struct Script {
  std::string_view shell;
  const char* text;
};
constexpr Script kScripts[] = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

Status PrintScript(const std::string& shell) {
  for (const Script& script : kScripts) {
    if (script.shell != shell) continue;
    Print(script.text);
    return Status::OK();
  }
  return Error(ErrorKind::kUsage,
               "there is no completion for '" + shell + "'; for bash, zsh and fish there is")
      .Subject(shell);
}

}  // namespace

void AddCompletion(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("completion",
                         "Print what makes a shell complete commands and names\n"
                         "Commands, options and the names of what is registered, that is.\n"
                         "bash: add 'source <(featly completion bash)' to ~/.bashrc;\n"
                         "zsh: add 'source <(featly completion zsh)' to ~/.zshrc, after compinit;\n"
                         "fish: featly completion fish > ~/.config/fish/completions/featly.fish");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  command->callback([&line, shell] { line.run = [shell] { return PrintScript(*shell); }; });
}

}  // namespace featly::cli
