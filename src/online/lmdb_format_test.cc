// Pins the worked example of docs/format/lmdb.md.
#include "online/lmdb_format.h"

#include <lmdb.h>
#include <map>

#include <gtest/gtest.h>

#include "online/lmdb_store.h"
#include "online/store_test_util.h"

namespace featly {
namespace {

using testing::Must;
using testing::TempFolder;

std::string Hex(std::string_view bytes) {
  static const char* digits = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : bytes) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string FromHex(std::string_view text) {
  std::string bytes;
  int half = -1;
  for (char c : text) {
    if (c == ' ') continue;
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (half < 0) {
      half = digit;
    } else {
      bytes += static_cast<char>(half << 4 | digit);
      half = -1;
    }
  }
  return bytes;
}

TEST(LmdbFormat, ViewRecordRoundTrips) {
  ViewRecord record{"demo", "driver", {{"driver_id", ValueType::kInt64}}, {}};
  record.layouts = {{{"trips", ValueType::kInt64}}, {}, {{"tags", ValueType::kStringList}}};
  ViewRecord back = Must(DecodeViewRecord(EncodeViewRecord(record)));
  EXPECT_EQ(back.project, record.project);
  EXPECT_EQ(back.view, record.view);
  EXPECT_EQ(back.join_keys, record.join_keys);
  EXPECT_EQ(back.layouts, record.layouts);
}

TEST(LmdbFormat, DamagedRecordsAreRefused) {
  ViewRecord record{"demo", "driver", {{"driver_id", ValueType::kInt64}}, {{}}};
  std::string bytes = EncodeViewRecord(record);
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto decoded = DecodeViewRecord(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(KindOf(decoded.status()), ErrorKind::kCorrupt);
  }
  EXPECT_FALSE(DecodeViewRecord(bytes + "x").ok());
  bytes[0] = 9;
  EXPECT_FALSE(DecodeViewRecord(bytes).ok());
  EXPECT_FALSE(DecodeU32("abc").ok());
  EXPECT_FALSE(DecodeFormatRecord("abc").ok());
}

TEST(LmdbFormat, LongKeysAreHashed) {
  RowKey key;
  key.SetEntity(std::string(507, 'k'));
  EXPECT_FALSE(key.hashed());
  EXPECT_EQ(key.ForView(1).size(), 511u);
  key.SetEntity("abc" + std::string(505, 'k'));
  EXPECT_TRUE(key.hashed());
  EXPECT_EQ(key.ForView(0x01020304).size(), 37u);
  EXPECT_EQ(key.ForView(0x01020304)[0], '\xFF');
  EXPECT_EQ(Hex(key.ForView(0x01020304).substr(33)), "01020304");
  EXPECT_EQ(ViewIdOf(key.ForView(0x01020304)), 0x01020304u);

  std::string value;
  EncodeHashedValue("entity", "row", &value);
  EXPECT_EQ(Hex(value), "06000000" + Hex("entityrow"));
  EXPECT_EQ(DecodeHashedValue(value).entity, "entity");
  EXPECT_EQ(DecodeHashedValue(value).row, "row");
  EXPECT_EQ(DecodeHashedValue(value.substr(0, 5)).entity, "");
}

// Everything in the environment, read with LMDB alone.
std::map<std::string, std::string> Dump(const std::string& path, const char* database) {
  std::map<std::string, std::string> content;
  MDB_env* env;
  MDB_txn* txn;
  MDB_dbi dbi;
  MDB_cursor* cursor;
  MDB_val key;
  MDB_val value;
  EXPECT_EQ(mdb_env_create(&env), 0);
  EXPECT_EQ(mdb_env_set_maxdbs(env, 2), 0);
  EXPECT_EQ(mdb_env_open(env, path.c_str(), MDB_RDONLY, 0), 0);
  EXPECT_EQ(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn), 0);
  EXPECT_EQ(mdb_dbi_open(txn, database, 0, &dbi), 0);
  EXPECT_EQ(mdb_cursor_open(txn, dbi, &cursor), 0);
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    content[Hex({static_cast<char*>(key.mv_data), key.mv_size})] =
        Hex({static_cast<char*>(value.mv_data), value.mv_size});
  }
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(env);
  return content;
}

TEST(LmdbFormat, WorkedExample) {
  TempFolder folder;
  std::string path = folder.path() + "/online.lmdb";
  {
    auto store = Must(OpenLmdbStore({.path = path}));
    OnlineViewSchema schema{
        "demo", "driver", {{"driver_id", ValueType::kInt64}}, {{"trips", ValueType::kInt64}}};
    auto view = Must(store->Bind(schema));
    auto codec = Must(EntityKeyCodec::Make(schema.join_keys, 3));
    std::string key;
    KeyValue driver{1001, {}};
    codec.Append({&driver, 1}, &key);
    std::string row = testing::MakeRow(*view, {"7"}, {1700000000000000, kNoCreatedTime});
    ASSERT_OK(testing::WriteOne(*store, view, key, row));
    schema.columns.push_back({"rating", ValueType::kDouble});
    ASSERT_OK(store->Bind(schema));
    schema.view = "old";
    ASSERT_OK(store->Bind(schema));
    ASSERT_OK(store->DropView("demo", "old"));
  }
  std::map<std::string, std::string> catalog = Dump(path, kCatalogDatabase);
  EXPECT_EQ(catalog.size(), 5u);
  EXPECT_EQ(catalog[Hex("format")].substr(0, 8), "01000000");
  EXPECT_EQ(catalog[Hex("generation")], "0400000000000000");
  EXPECT_EQ(catalog[Hex("next_view")], "03000000");
  EXPECT_EQ(catalog[Hex(FromHex("76 00000001"))],
            Hex(FromHex("01 04000000 64656d6f 06000000 647269766572"
                        "01000000 09000000 6472697665725f6964 04"
                        "02000000"
                        "01000000 05000000 7472697073 04"
                        "02000000 05000000 7472697073 04 06000000 726174696e67 05")));
  EXPECT_EQ(catalog[Hex(FromHex("78 00000002"))], "");

  std::map<std::string, std::string> rows = Dump(path, kRowsDatabase);
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[Hex(FromHex("01000000 02000000 09000000 6472697665725f6964 04000000 08000000"
                             "e903000000000000 00000001"))],
            Hex(FromHex("01 00 0100 01000000 00401e18240a0600 0000000000000080 01"
                        "0700000000000000")));
}

}  // namespace
}  // namespace featly
