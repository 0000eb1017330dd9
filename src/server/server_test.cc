#include "server/server.h"

#include <filesystem>
#include <stdlib.h>
#include <thread>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "project/test_repository.h"
#include "retrieval/late_store_test_util.h"

namespace featly {
namespace {

using boost::asio::ip::tcp;

/// A client's connection.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  void Send(const std::string& request) {
    boost::asio::write(socket_, boost::asio::buffer(request));
  }
  /// All that comes until the server closes.
  std::string Rest() {
    std::string answer;
    boost::system::error_code ec;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(answer), ec);
    EXPECT_EQ(ec, boost::asio::error::eof) << ec.message();
    return answer;
  }

 private:
  boost::asio::io_context io_;
  tcp::socket socket_;
};

/// Sends `request` and returns all that comes until the server closes.
std::string Exchange(uint16_t port, const std::string& request) {
  Client client(port);
  client.Send(request);
  return client.Rest();
}

std::string Post(const std::string& path, const std::string& body, bool close = true) {
  return "POST " + path + " HTTP/1.1\r\n" + (close ? "Connection: close\r\n" : "") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A server over an empty project.
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "featly-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    Config config;
    config.repo_path = folder_;
    config.project = "demo";
    config.registry_path = folder_ + "/registry.db";
    config.online =
        OnlineStoreSettings{FindOnlineStoreKind("lmdb"),
                            {{"path", folder_ + "/online"}, {"map_size", uint64_t{1} << 30}}};
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

TEST_F(ServerTest, EndsWheneverItIsStopped) {
  // Timers as short as they get, so that some have just ended when the stop comes.
  options_.registry_poll = std::chrono::milliseconds(1);
  options_.request_timeout = std::chrono::milliseconds(20);
  for (int i = 0; i < 200; ++i) {
    auto server = Server::Start(*project_, options_).ValueOrDie();
    if (i % 2) Exchange(server->port(), "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n");
  }
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
  std::string answer = Exchange(server->port(), Post("/get-online-features", body));
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

TEST_F(ServerTest, HealthIs503OnceTheStoreIsGone) {
  auto server = Server::Start(*project_, options_).ValueOrDie();
  const std::string request = "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n";
  std::string answer = Exchange(server->port(), request);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  std::filesystem::remove_all(folder_ + "/online");
  answer = Exchange(server->port(), request);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("\"status_code\":503"), std::string::npos) << answer;
}

/// A server over a project with two drivers' rows, and a store whose reads come late. More of the
/// server with definitions and rows is in tests/test_server.py.
class LateServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    repository_.Write("feature_store.yaml", "project: shop\n");
    repository_.Write("data/drivers.csv", kDriverRows);
    project_ = repository_.Open();
    ASSERT_TRUE(project_->Apply(DriverDefinitions("driver_stats", "86400s"), {}).ok());
    ASSERT_TRUE(project_->Materialize({0}, kTestNow, {}, WorkContext::Defaults()).ok());
    store_ = project_->online().ValueOrDie();
    late_ = std::make_shared<testing::LateStore>(*store_);
    options_.port = 0;
    options_.workers = 2;
    options_.handle_signals = false;
    options_.registry_poll = std::chrono::hours(1);
  }

  std::unique_ptr<Server> Start() { return Server::Start(*project_, late_, options_).ValueOrDie(); }
  static std::string Lookup(int64_t driver, bool close = true) {
    return Post("/get-online-features",
                R"({"features":["driver_stats:trips"],"entities":{"driver_id":[)" +
                    std::to_string(driver) + "]}}",
                close);
  }

  TestRepository repository_;
  std::unique_ptr<Project> project_;
  std::shared_ptr<OnlineStore> store_;
  std::shared_ptr<testing::LateStore> late_;
  ServerOptions options_;
};

TEST_F(LateServerTest, PipelinedAnswersKeepTheirOrder) {
  auto server = Start();
  constexpr int kLookups = 50;
  std::string requests;
  for (int i = 0; i < kLookups; ++i) requests += Lookup(1001 + i % 2, i + 1 == kLookups);
  std::vector<std::string> answers(4);
  std::vector<std::thread> clients;
  for (std::string& answer : answers) {
    clients.emplace_back([&] { answer = Exchange(server->port(), requests); });
  }
  for (std::thread& client : clients) client.join();
  for (const std::string& answer : answers) {
    size_t at = 0;
    for (int i = 0; i < kLookups; ++i) {
      at = answer.find("{\"results\"", at + 1);
      ASSERT_NE(at, std::string::npos) << i << " " << answer;
      size_t trips = answer.find(i % 2 ? "\"values\":[8]" : "\"values\":[7]", at);
      ASSERT_LT(trips, answer.find("{\"results\"", at + 1)) << i << " " << answer;
    }
  }
}

TEST_F(LateServerTest, AStopWaitsForWhatTheStoreReads) {
  options_.workers = 1;
  auto server = Start();
  late_->Hold();
  Client idle(server->port());
  Client client(server->port());
  client.Send(Lookup(1001, false));
  late_->WaitForReads(1);
  server->Stop();
  EXPECT_EQ(idle.Rest(), "");  // so the worker has begun to stop
  late_->Release();
  std::string answer = client.Rest();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\"values\":[7]"), std::string::npos) << answer;
  server->Wait();
}

TEST_F(LateServerTest, AClientMayGoWhileTheStoreReads) {
  auto server = Start();
  late_->Hold();
  for (int i = 0; i < 10; ++i) Client(server->port()).Send(Lookup(1001, false));
  late_->WaitForReads(10);
  server->Stop();
  late_->Release();
  server->Wait();
}

TEST_F(LateServerTest, AReadThatFailsIsAnsweredAndTheConnectionGoesOn) {
  auto server = Start();
  late_->FailWith(Error(ErrorKind::kUnavailable, "the network is down"));
  std::string answer = Exchange(server->port(), Lookup(1001, false) + Lookup(1001));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("the network is down"), std::string::npos) << answer;
  EXPECT_NE(answer.find("HTTP/1.1 503", 1), std::string::npos) << answer;
}

TEST_F(LateServerTest, AnIoThreadPreparesNoView) {
  auto server = Start();
  ASSERT_TRUE(store_->DropView("shop", "driver_stats").ok());
  std::string answer = Exchange(server->port(), Lookup(1001));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("\"subject\":\"driver_stats\""), std::string::npos) << answer;
  EXPECT_TRUE(store_->ListViews("shop").ValueOrDie().empty());
  // The control thread does, on its next look, and so does a start.
  options_.registry_poll = std::chrono::milliseconds(1);
  server = Start();
  EXPECT_EQ(store_->ListViews("shop").ValueOrDie().size(), 1u);
  ASSERT_TRUE(store_->DropView("shop", "driver_stats").ok());
  for (int tries = 0; tries < 100'000 && !answer.starts_with("HTTP/1.1 200"); ++tries) {
    answer = Exchange(server->port(), Lookup(1001));
  }
  EXPECT_NE(answer.find("\"NOT_FOUND\""), std::string::npos) << answer;
}

}  // namespace
}  // namespace featly
