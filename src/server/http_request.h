// One HTTP request, parsed as its bytes come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

namespace featly {

/// A request's parts. Reused by its connection, so that a warm one allocates nothing.
struct HttpRequest {
  boost::beast::http::verb method = boost::beast::http::verb::unknown;
  std::string method_text;
  std::string path;  ///< The target up to '?'.
  std::string body;
  int version = 11;  ///< 10 or 11.
  bool expects_continue = false;

  void Clear();
};

/// Beast's request parser into an HttpRequest, keeping only the fields that matter. One for each
/// message. `request` outlives it.
class HttpRequestParser : public boost::beast::http::basic_parser<true> {
 public:
  static constexpr uint32_t kMaxHeaderBytes = 16 * 1024;

  HttpRequestParser(HttpRequest* request, uint64_t max_body_bytes);

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;
  using verb = boost::beast::http::verb;

  void on_request_impl(verb method, string_view method_text, string_view target, int version,
                       error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field name, string_view name_text, string_view value, error_code& ec) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code& ec) override;
  size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t remain, string_view bytes, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  HttpRequest* request_;
};

}  // namespace featly
