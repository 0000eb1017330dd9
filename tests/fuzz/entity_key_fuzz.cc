// Entity key bytes, as a store of Feast's or of another version may hold them. What is decoded
// gives the same bytes again.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "types/entity_key.h"

namespace {

using featly::EntityKeyCodec;
using featly::ValueType;

std::vector<EntityKeyCodec> MakeCodecs() {
  std::vector<EntityKeyCodec> codecs;
  for (int version : {2, 3}) {
    codecs.push_back(EntityKeyCodec::Make({{"id", ValueType::kInt64}}, version).ValueOrDie());
    codecs.push_back(EntityKeyCodec::Make({{"a", ValueType::kString},
                                           {"b", ValueType::kInt32},
                                           {"c", ValueType::kBytes},
                                           {"d", ValueType::kUnixTimestamp}},
                                          version)
                         .ValueOrDie());
    codecs.push_back(EntityKeyCodec::Make({}, version).ValueOrDie());
  }
  return codecs;
}

void Check(const EntityKeyCodec& codec, std::string_view bytes) {
  auto values = codec.Decode(bytes);
  if (!values.ok()) return;
  std::string again;
  codec.Append(*values, &again);
  FEATLY_REQUIRE(again == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<EntityKeyCodec> codecs = MakeCodecs();
  if (size == 0) return 0;
  const EntityKeyCodec& codec = codecs[data[0] % codecs.size()];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  Check(codec, rest);
  // The fuzzer need not find the names: behind them it comes to the values at once.
  std::vector<featly::KeyValue> none(codec.keys().size());
  std::string prefix;
  codec.Append(none, &prefix);
  size_t values = 0;
  for (const featly::JoinKey& key : codec.keys()) {
    values += 8 + (key.type == ValueType::kInt32 ? 4 : 0) +
              (key.type == ValueType::kInt64 || key.type == ValueType::kUnixTimestamp ? 8 : 0);
  }
  FEATLY_REQUIRE(values <= prefix.size());
  prefix.resize(prefix.size() - values);
  prefix.append(rest);
  Check(codec, prefix);
  return 0;
}
