// The server's certificate and key.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"

namespace boost::asio::ssl {
class context;
}

namespace featly {

/// PEM files as `serve --key --cert` names them; both empty: no TLS.
struct TlsFiles {
  std::string key;
  std::string cert;  ///< The server's, then those between it and a root that clients know.
  bool enabled() const { return !cert.empty(); }
};

/// The present TLS settings (1.2 and newer). A connection keeps those it began with. Owned by the
/// server; thread-safe, but for Refresh, which is the control thread's.
class TlsContexts {
 public:
  /// kUsage where one of the files is not named; else names the file that cannot be read, is not
  /// PEM, or does not fit the other. Warns of a key that other users can read.
  static Result<std::unique_ptr<TlsContexts>> Load(const TlsFiles& files);

  std::shared_ptr<boost::asio::ssl::context> current() const;

  /// Reads the files again where they have changed; where that fails, the last good ones stay.
  /// Blocks on the disk.
  void Refresh();

 private:
  explicit TlsContexts(TlsFiles files) : files_(std::move(files)) {}
  Status Reload();

  const TlsFiles files_;
  std::optional<size_t> seen_;  // a hash of the files that context_ is of; the control thread's
  bool failing_ = false;        // so is this: the last look failed
  mutable std::mutex mutex_;    // guards context_
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace featly
