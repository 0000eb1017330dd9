#include "server/server.h"

#include <filesystem>
#include <stdlib.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace featly {
namespace {

using boost::asio::ip::tcp;

/// A server over an empty project. What needs definitions and rows is in tests/test_server.py.
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "featly-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    Config config;
    config.repo_path = folder_;
    config.project = "demo";
    config.registry_path = folder_ + "/registry.db";
    config.online_path = folder_ + "/online";
    config.online_map_bytes = uint64_t{1} << 30;
    config.idle_timeout = Duration::Millis(100);
    project_ = Project::Open(config, std::make_unique<SystemClock>()).ValueOrDie();
    options_.port = 0;
    options_.workers = 2;
    options_.handle_signals = false;
    options_.request_timeout = std::chrono::milliseconds(100);
  }
  void TearDown() override {
    project_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Sends `request` and returns all that comes until the server closes.
  std::string Exchange(uint16_t port, const std::string& request) {
    boost::asio::io_context io;
    tcp::socket socket(io);
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    boost::asio::write(socket, boost::asio::buffer(request));
    std::string answer;
    boost::system::error_code ec;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ec);
    EXPECT_EQ(ec, boost::asio::error::eof) << ec.message();
    return answer;
  }

  std::string folder_;
  std::unique_ptr<Project> project_;
  ServerOptions options_;
};

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  auto server = Server::Start(*project_, options_).ValueOrDie();
  std::string answer = Exchange(server->port(), "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(Exchange(server->port(), ""), "");
}

TEST_F(ServerTest, ARequestThatDoesNotEndIsAnswered408) {
  auto server = Server::Start(*project_, options_).ValueOrDie();
  for (const char* request :
       {"GET /health HTTP/1.1\r\nHo", "POST /push HTTP/1.1\r\nContent-Length: 5\r\n\r\n{"}) {
    std::string answer = Exchange(server->port(), request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << answer;
    EXPECT_NE(answer.find("\"status_code\":408"), std::string::npos) << answer;
  }
}

TEST_F(ServerTest, AnEmptyRegistryHasNoViews) {
  auto server = Server::Start(*project_, options_).ValueOrDie();
  std::string body = R"({"features":["v:f"],"entities":{"a":[1]}})";
  std::string answer = Exchange(server->port(),
                                "POST /get-online-features HTTP/1.1\r\nConnection: close\r\n"
                                "Content-Length: " +
                                    std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\n")) << answer;
}

TEST_F(ServerTest, ThePortIsTakenAndGivenBack) {
  auto server = Server::Start(*project_, options_).ValueOrDie();
  ServerOptions same = options_;
  same.port = server->port();
  Status taken = Server::Start(*project_, same).status();
  EXPECT_EQ(KindOf(taken), ErrorKind::kUnavailable);
  EXPECT_NE(taken.message().find("port " + std::to_string(same.port)), std::string::npos);
  server->Stop();
  server->Wait();
  EXPECT_TRUE(Server::Start(*project_, same).ok());
}

TEST_F(ServerTest, AnUnknownHostIsNamed) {
  options_.host = "no such host";
  Status status = Server::Start(*project_, options_).status();
  EXPECT_NE(status.message().find("no such host"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace featly
