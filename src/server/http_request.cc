#include "server/http_request.h"

#include <algorithm>

#include <boost/beast/core/string.hpp>

namespace featly {
namespace {

/// Bodies up to this are expected; beyond it memory is taken as bytes come, and given back
/// afterwards.
constexpr size_t kUsualBodyBytes = size_t{1} << 20;

}  // namespace

void HttpRequest::Clear() {
  method = boost::beast::http::verb::unknown;
  method_text.clear();
  path.clear();
  body.clear();
  if (body.capacity() > kUsualBodyBytes) std::string().swap(body);
  version = 11;
  expects_continue = false;
}

HttpRequestParser::HttpRequestParser(HttpRequest* request, uint64_t max_body_bytes)
    : request_(request) {
  header_limit(kMaxHeaderBytes);
  body_limit(max_body_bytes);
}

void HttpRequestParser::on_request_impl(verb method, string_view method_text, string_view target,
                                        int version, error_code& /*ec*/) {
  request_->method = method;
  request_->version = version;
  request_->method_text.assign(method_text.data(), method_text.size());
  size_t end = std::min(target.find('?'), target.size());
  request_->path.assign(target.data(), end);
}

void HttpRequestParser::on_field_impl(field name, string_view /*name_text*/, string_view value,
                                      error_code& /*ec*/) {
  if (name == field::expect && boost::beast::iequals(value, "100-continue")) {
    request_->expects_continue = true;
  }
}

void HttpRequestParser::on_body_init_impl(const boost::optional<uint64_t>& length,
                                          error_code& /*ec*/) {
  if (length) request_->body.reserve(std::min<uint64_t>(*length, kUsualBodyBytes));
}

size_t HttpRequestParser::on_body_impl(string_view bytes, error_code& /*ec*/) {
  request_->body.append(bytes.data(), bytes.size());
  return bytes.size();
}

size_t HttpRequestParser::on_chunk_body_impl(uint64_t /*remain*/, string_view bytes,
                                             error_code& ec) {
  return on_body_impl(bytes, ec);
}

}  // namespace featly
