// Threads for what an I/O thread must not do itself.
#pragma once

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace featly {

/// Does work that takes long (large bodies and answers) or waits for the disk, in the order it
/// comes, on as many threads as there are workers: so the server's other requests wait for the
/// processor at most. Owned by the server; ends after the workers. Any thread.
class LongWork {
 public:
  explicit LongWork(int threads) : pool_(static_cast<size_t>(threads)) {}

  template <typename Work>
  void Run(Work work) {
    boost::asio::post(pool_, std::move(work));
  }
  /// Until all that came is done; nothing may come any more.
  void Join() { pool_.join(); }
  bool OnOwnThread() const { return pool_.get_executor().running_in_this_thread(); }

 private:
  mutable boost::asio::thread_pool pool_;
};

}  // namespace featly
