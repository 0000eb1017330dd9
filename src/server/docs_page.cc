// GET /docs: a page for people that shows /openapi.json and sends requests. Needs nothing but this
// server.
#include "embedded/docs_page.h"

#include <openssl/evp.h>

#include "server/connection.h"
#include "server/route.h"
#include "types/json_value.h"

namespace featly {
namespace {

/// "'sha256-...'": Content-Security-Policy's name of the text between the page's <tag> and </tag>.
std::string HashOf(std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const size_t begin = embedded::kDocsPage.find(open) + open.size();
  const size_t end = embedded::kDocsPage.find("</" + std::string(tag) + ">", begin);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(embedded::kDocsPage.data() + begin, end - begin, digest, &size, EVP_sha256(), nullptr);
  std::string quoted;
  AppendJsonBase64({reinterpret_cast<const char*>(digest), size}, &quoted);
  return "'sha256-" + quoted.substr(1, quoted.size() - 2) + "'";
}

/// The page's own script and style and requests to this server; nothing else, whatever a registry's
/// names contain.
std::string Policy() {
  return "default-src 'none'; script-src " + HashOf("script") + "; style-src " + HashOf("style") +
         "; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

void Handle(Connection& connection) {
  static const std::string policy = Policy();
  connection.AddHeader("Content-Security-Policy", policy);
  connection.AddHeader("Referrer-Policy", "no-referrer");
  connection.BeginAnswer(200, "text/html; charset=utf-8")->append(embedded::kDocsPage);
  connection.EndAnswer();
}

constexpr std::string_view kResponses = R"({
  "200": {
    "description": "A page.",
    "content": {"text/html": {"schema": {"type": "string"}}}
  }
})";

}  // namespace

Route DocsRoute() {
  return {boost::beast::http::verb::get,
          "/docs",
          "This API as a page to read and to try.",
          Handle,
          "",
          kResponses,
          {}};
}

}  // namespace featly
