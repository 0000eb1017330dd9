#include "base/yaml.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/file.h"

namespace featly {
namespace {

// A file of aliases to aliases grows without bound when it is written out; no configuration comes
// near this.
constexpr int kMaxNodes = 100000;
constexpr int kMaxDepth = 100;

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

template <typename T>
bool ParseNumber(std::string_view text, T* out) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

const char* KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a block of keys";
  }
  return "something else";
}

// Whether the quote that `text` begins with, if it does, is closed in it.
bool IsClosed(std::string_view text) {
  if (!text.starts_with('"') && !text.starts_with('\'')) return true;
  const char quote = text.front();
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;  // '' stands for one
    }
  }
  return false;
}

// Where the documents of a file begin.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { marks_.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  const std::vector<YAML::Mark>& marks() const { return marks_; }

 private:
  std::vector<YAML::Mark> marks_;
};

// Where the second document of `text` begins, if there is one. YAML::LoadAll would not do: it never
// comes to the end of a text like ",", which it takes for documents without number.
std::optional<YAML::Mark> SecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  while (starts.marks().size() < 2 && parser.HandleNextDocument(starts)) {
  }
  if (starts.marks().size() < 2) return std::nullopt;
  return starts.marks()[1];
}

}  // namespace

// Turns yaml-cpp's nodes into ours.
class YamlReader {
 public:
  explicit YamlReader(const std::string& file) : file_(std::make_shared<std::string>(file)) {}

  Status Read(const YAML::Node& from, int depth, YamlNode* to) {
    Place(from, to);
    ARROW_RETURN_NOT_OK(CheckForm(from, *to));
    if (++nodes_ > kMaxNodes || depth > kMaxDepth) {
      return to->ErrorHere("the file is too deep or refers to itself too often");
    }
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return Status::OK();
      case YAML::NodeType::Scalar:
        to->kind_ = YamlNode::Kind::kScalar;
        to->text_ = from.Scalar();
        to->is_plain_ = from.Tag() == "?";  // yaml-cpp's tag of what has neither tag nor quotes
        return Status::OK();
      case YAML::NodeType::Sequence:
        to->kind_ = YamlNode::Kind::kList;
        for (const YAML::Node& item : from) {
          ARROW_RETURN_NOT_OK(Read(item, depth + 1, &to->items_.emplace_back(YamlNode())));
        }
        return Status::OK();
      case YAML::NodeType::Map:
        return ReadMap(from, depth, to);
    }
    return Status::OK();
  }

  Status ReadDocument(std::string_view text, YamlNode* root) {
    root->file_ = file_;
    root->line_ = 1;
    try {
      text_ = text;
      const YAML::Node document = YAML::Load(text_);
      if (std::optional<YAML::Mark> second = SecondDocument(text_)) {
        return Error(ErrorKind::kConfiguration,
                     "the file holds more than one YAML document, or text that belongs to none")
            .At(*file_, second->line + 1);
      }
      return Read(document, 0, root);
    } catch (const YAML::Exception& e) {
      return Error(ErrorKind::kConfiguration, "this is not YAML: " + e.msg)
          .At(*file_, e.mark.line + 1, e.mark.column + 1);
    }
  }

 private:
  // What yaml-cpp takes without a word: tags of other languages, and quotes that are never closed.
  Status CheckForm(const YAML::Node& from, const YamlNode& to) const {
    constexpr std::string_view kYaml = "tag:yaml.org,2002:";
    std::string tag = from.Tag();
    if (tag.starts_with(kYaml)) tag.replace(0, kYaml.size(), "!!");
    static const std::set<std::string> kKnown = {"",        "?",      "!",      "!!str", "!!int",
                                                 "!!float", "!!bool", "!!null", "!!map", "!!seq"};
    if (!kKnown.contains(tag)) return to.ErrorHere("tags like " + tag + " are not read");
    if (from.IsScalar() && !IsClosed(std::string_view(text_).substr(
                               std::min<size_t>(from.Mark().pos, text_.size())))) {
      return to.ErrorHere("a quote is opened here and never closed");
    }
    return Status::OK();
  }

  void Place(const YAML::Node& from, YamlNode* to) const {
    to->file_ = file_;
    to->line_ = from.Mark().line + 1;
    to->column_ = from.Mark().column + 1;
  }

  Status ReadMap(const YAML::Node& from, int depth, YamlNode* to) {
    to->kind_ = YamlNode::Kind::kMap;
    std::set<std::string> seen;
    for (const auto& entry : from) {
      YamlNode key;
      Place(entry.first, &key);
      if (!entry.first.IsScalar()) return key.ErrorHere("a key must be a plain word");
      const std::string& name = entry.first.Scalar();
      if (name == "<<") return key.ErrorHere("merge keys (<<) are not read; write the keys out");
      if (!seen.insert(name).second) return key.ErrorHere("'" + name + "' is there twice");
      to->entries_.emplace_back(name, YamlNode());
      YamlNode* value = &to->entries_.back().second;
      ARROW_RETURN_NOT_OK(Read(entry.second, depth + 1, value));
      // An empty value has no place of its own, and a block is best found by its key.
      value->line_ = key.line_;
      value->column_ = key.column_;
    }
    return Status::OK();
  }

  std::shared_ptr<const std::string> file_;
  std::string text_;
  int nodes_ = 0;
};

Result<YamlNode> YamlNode::Parse(std::string_view text, const std::string& file) {
  YamlNode root;
  ARROW_RETURN_NOT_OK(YamlReader(file).ReadDocument(text, &root));
  return root;
}

Result<YamlNode> YamlNode::ReadFile(const std::string& path, const std::string& file) {
  ARROW_ASSIGN_OR_RAISE(std::string text, featly::ReadFile(path));
  return Parse(ExpandEnvironment(text), file);
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries_) {
    if (name == key) return value.is_null() ? nullptr : &value;
  }
  return nullptr;
}

Status YamlNode::WrongType(std::string_view key, std::string_view wanted) const {
  std::string found = kind_ == Kind::kScalar ? "'" + text_ + "'" : KindName(kind_);
  return ErrorHere("'" + std::string(key) + "' must be " + std::string(wanted) + ", found " + found)
      .Subject(std::string(key));
}

Status YamlNode::Get(std::string_view key, std::string* out) const {
  const YamlNode* value = Find(key);
  if (value == nullptr) return Status::OK();
  if (value->kind_ != Kind::kScalar) return value->WrongType(key, "text");
  *out = value->text_;
  return Status::OK();
}

Status YamlNode::Get(std::string_view key, bool* out) const {
  const YamlNode* value = Find(key);
  if (value == nullptr) return Status::OK();
  std::string text = value->text_;
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (text == "true" || text == "yes" || text == "on") {
    *out = true;
  } else if (text == "false" || text == "no" || text == "off") {
    *out = false;
  } else {
    return value->WrongType(key, "true or false");
  }
  return Status::OK();
}

Status YamlNode::Get(std::string_view key, double* out) const {
  const YamlNode* value = Find(key);
  if (value == nullptr) return Status::OK();
  double number = 0;
  if (!ParseNumber(value->text_, &number) || !std::isfinite(number)) {
    return value->WrongType(key, "a number");
  }
  *out = number;
  return Status::OK();
}

Status YamlNode::Get(std::string_view key, int64_t* out, int64_t min, int64_t max) const {
  const YamlNode* value = Find(key);
  if (value == nullptr) return Status::OK();
  int64_t number = 0;
  if (!ParseNumber(value->text_, &number)) return value->WrongType(key, "a whole number");
  if (number < min || number > max) {
    bool open = max == std::numeric_limits<int64_t>::max();
    return value->WrongType(
        key, open ? "a whole number of at least " + std::to_string(min)
                  : "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  *out = number;
  return Status::OK();
}

Status YamlNode::Get(std::string_view key, const YamlNode** out) const {
  const YamlNode* value = Find(key);
  if (value != nullptr && !value->is_map()) return value->WrongType(key, "a block of keys");
  *out = value;
  return Status::OK();
}

Status YamlNode::OnlyKeys(std::string_view what, std::span<const std::string_view> known) const {
  if (is_null()) return Status::OK();
  if (!is_map()) {
    return ErrorHere(std::string(what) + " must be a block of keys, found " + KindName(kind_));
  }
  std::vector<std::string> names(known.begin(), known.end());
  for (const auto& [key, value] : entries_) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    return value.ErrorHere("unknown key '" + key + "' in " + std::string(what))
        .Subject(key)
        .Near(NearNames(key, names));
  }
  return Status::OK();
}

Error YamlNode::ErrorHere(std::string message, ErrorKind kind) const {
  return Error(kind, std::move(message)).At(*file_, line_, column_);
}

std::string ExpandEnvironment(std::string_view text) {
  std::string result;
  size_t at = 0;
  while (at < text.size()) {
    size_t dollar = text.find('$', at);
    result += text.substr(at, dollar - at);
    if (dollar == std::string_view::npos) break;
    size_t end = dollar + 1;
    std::string name;
    if (end < text.size() && text[end] == '{') {
      size_t close = text.find('}', end);
      if (close != std::string_view::npos) {
        name = text.substr(end + 1, close - end - 1);
        end = close + 1;
      }
    } else {
      while (end < text.size() && IsWordChar(text[end])) ++end;
      name = text.substr(dollar + 1, end - dollar - 1);
    }
    const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
    if (value != nullptr) {
      result += value;
    } else {
      result += text.substr(dollar, end - dollar);
    }
    at = end;
  }
  return result;
}

bool ReadsAsText(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* truth : {"yes", "no", "on", "off", "true", "false", "null"}) {
    if (text == truth) return false;
  }
  const auto consists_of = [](std::string_view some, std::string_view characters) {
    return !some.empty() && some.find_first_not_of(characters) == std::string_view::npos;
  };
  if (text.starts_with("0x")) {
    return !consists_of(std::string_view(text).substr(2), "0123456789abcdef_");
  }
  if (text.starts_with("0b")) return !consists_of(std::string_view(text).substr(2), "01_");
  if (text.size() >= 8 && text[4] == '-' && consists_of(text, "0123456789-")) return false;
  return !consists_of(text, "0123456789_");
}

}  // namespace featly
