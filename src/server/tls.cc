#include "server/tls.h"

#include <sys/stat.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/file.h"
#include "base/logging.h"

namespace featly {
namespace {

namespace ssl = boost::asio::ssl;

Status TlsError(const std::string& message, const std::string& file) {
  return Error(ErrorKind::kConfiguration, message).Subject(file);
}

/// The file's text, and a mark of which version of it that is.
Result<std::string> ReadPem(const char* option, const std::string& path, std::string* seen) {
  Result<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return Error(KindOf(text.status()), std::string("the file of ") + option + " cannot be read")
        .Subject(path)
        .Cause(text.status());
  }
  seen->append(*text).push_back('\0');
  return text;
}

void WarnOfReadableKey(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IRGRP | S_IROTH)) == 0) return;
  Log(LogLevel::kWarning, "the TLS key '" + path +
                              "' can be read by other users of this machine; make it its owner's "
                              "alone: chmod 600");
}

Result<std::shared_ptr<ssl::context>> MakeContext(const TlsFiles& files, const std::string& cert,
                                                  const std::string& key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds no buffers
  // A key under a pass phrase must not stop the start to ask for it.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  ERR_clear_error();
  boost::system::error_code ec;
  context->use_certificate_chain(boost::asio::buffer(cert), ec);
  if (ec) {
    return TlsError(
        "'" + files.cert + "' of --cert holds no certificate in PEM form (" + ec.message() + ")",
        files.cert);
  }
  context->use_private_key(boost::asio::buffer(key), ssl::context::pem, ec);
  if (ec) {
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
    if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
      return TlsError(
          "the key '" + files.key + "' does not belong to the certificate '" + files.cert + "'",
          files.key);
    }
    return TlsError("'" + files.key +
                        "' of --key holds no private key in PEM form without a pass "
                        "phrase (" +
                        ec.message() + ")",
                    files.key);
  }
  return context;
}

}  // namespace

Result<std::unique_ptr<TlsContexts>> TlsContexts::Load(const TlsFiles& files) {
  if (files.key.empty() != files.cert.empty()) {
    return Error(ErrorKind::kUsage, std::string("TLS needs a key and its certificate: give --") +
                                        (files.key.empty() ? "key" : "cert") + " as well");
  }
  std::unique_ptr<TlsContexts> contexts(new TlsContexts(files));
  ARROW_RETURN_NOT_OK(contexts->Reload());
  WarnOfReadableKey(files.key);
  return contexts;
}

std::shared_ptr<ssl::context> TlsContexts::current() const {
  std::lock_guard lock(mutex_);
  return context_;
}

Status TlsContexts::Reload() {
  std::string seen;
  ARROW_ASSIGN_OR_RAISE(std::string cert, ReadPem("--cert", files_.cert, &seen));
  ARROW_ASSIGN_OR_RAISE(std::string key, ReadPem("--key", files_.key, &seen));
  const size_t mark = std::hash<std::string>()(seen);
  OPENSSL_cleanse(seen.data(), seen.size());
  if (seen_ == mark) return Status::OK();
  auto context = MakeContext(files_, cert, key);
  OPENSSL_cleanse(key.data(), key.size());
  ARROW_RETURN_NOT_OK(context.status());
  seen_ = mark;
  std::lock_guard lock(mutex_);
  context_ = *std::move(context);
  return Status::OK();
}

void TlsContexts::Refresh() {
  const std::shared_ptr<ssl::context> before = current();
  Status status = Reload();
  if (status.ok()) {
    if (current() != before) Log(LogLevel::kWarning, "the TLS certificate and key are read again");
    failing_ = false;
    return;
  }
  // Between the replacement of one file and of the other they do not fit: said once.
  if (!failing_) {
    Log(LogLevel::kWarning,
        "the TLS files cannot be read again, going on with the last good ones: " +
            FormatForPeople(status));
  }
  failing_ = true;
}

}  // namespace featly
