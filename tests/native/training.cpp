// The engine without Python: a network is trained while another thread predicts with it.
#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <thread>

#include "core/threads.h"
#include "engine/inference.h"
#include "engine/trainer.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

constexpr Index kFeatures = 20;
constexpr Index kUnits = 33;
constexpr Index kClasses = 4;
constexpr Index kRows = 200;
constexpr Index kBatch = 16;  // the last one of an epoch has 8 rows
constexpr int kEpochs = 4;    // of 13 steps

// relu(x w1 + b1) w2 + b2, as fastdnn/lowering.py has it: values are numbered as they are added.
class Network {
 public:
  Network() {
    for (const auto& [rows, cols] : kSegments) {
      parameters_.push_back(p_.add_value({"w", Role::parameter, false, rows, cols, slot(parameters_)}));
    }
    x_ = p_.add_value({"x", Role::source, false, 0, kFeatures, 0});
    hidden_ = op("relu", {dense(x_, 0, kUnits)}, kUnits);
    logits_ = dense(hidden_, 2, kClasses);
  }

  Program prediction() {
    p_.add_output(logits_);
    return p_;
  }

  Program training() {
    const int y = p_.add_value({"y", Role::source, true, 0, 1, 1});
    p_.add_result({"loss", op("sparse_cross_entropy", {logits_, y}, 1), -1, true});
    p_.add_result({"accuracy", op("sparse_accuracy", {logits_, y}, 1), -1, false});
    const int dz = op("sparse_cross_entropy_backward", {logits_, y}, kClasses);
    gradients(hidden_, dz, 2);
    const int dh = op("matmul_dx", {dz, parameters_[2]}, kUnits);
    gradients(x_, op("relu_backward", {hidden_, dh}, kUnits), 0);
    return p_;
  }

  static std::vector<Segment> segments() {
    std::vector<Segment> all;
    for (const auto& [rows, cols] : kSegments) {
      all.push_back({"w" + std::to_string(all.size()), {rows, cols}});
    }
    return all;
  }

 private:
  static constexpr std::pair<Index, Index> kSegments[] = {
      {kFeatures, kUnits}, {1, kUnits}, {kUnits, kClasses}, {1, kClasses}};

  static int slot(const std::vector<int>& list) { return static_cast<int>(list.size()); }

  static Op made(const char* kind, const std::vector<int>& inputs, int output) {
    Op op{&operation_named(kind), inputs, {output}};
    if (op.operation->joins != nullptr) op.options[op.operation->options.size() - 1] = 1;  // loss_weight
    return op;
  }
  int op(const char* kind, const std::vector<int>& inputs, Index cols) {
    const int output = p_.add_value({kind, Role::computed, false, 0, cols, -1});
    p_.add_op(made(kind, inputs, output));
    return output;
  }
  int dense(int x, int first, Index cols) {
    const auto w = static_cast<std::size_t>(first);
    return op("add_bias", {op("matmul", {x, parameters_[w]}, cols), parameters_[w + 1]}, cols);
  }
  void gradient(const char* kind, const std::vector<int>& inputs, int segment) {
    const auto [rows, cols] = kSegments[segment];
    const int output = p_.add_value({"dw", Role::gradient, false, rows, cols, segment});
    p_.add_op(made(kind, inputs, output));
  }
  void gradients(int x, int dy, int first) {
    gradient("matmul_dw", {x, dy}, first);
    gradient("column_sum", {dy}, first + 1);
  }

  Program p_;
  std::vector<int> parameters_;
  int x_ = -1, hidden_ = -1, logits_ = -1;
};

// Points of kClasses overlapping clouds.
template <class T>
struct Clouds {
  std::vector<T> x;
  std::vector<std::int32_t> y;
  Clouds() {
    Random random(1);
    for (Index i = 0; i < kRows; ++i) {
      y.push_back(static_cast<std::int32_t>(i % kClasses));
      for (Index j = 0; j < kFeatures; ++j) {
        x.push_back(static_cast<T>(random.real() + (j % kClasses == y.back() ? 1.0 : 0.0)));
      }
    }
  }
  Source features() const {
    const SourceType type = dtype_of<T>() == Dtype::f64 ? SourceType::f64 : SourceType::f32;
    return {x.data(), type, kRows, kFeatures, kFeatures, 1};
  }
  Source labels() const { return {y.data(), SourceType::i32, kRows, 1, 1, 1}; }
};

// Trains for 52 steps; returns the weights.
template <class T>
std::vector<T> train(int threads) {
  const Clouds<T> clouds;
  auto parameters = std::make_shared<Parameters>(dtype_of<T>(), Network::segments(), std::vector<Segment>{});
  auto* theta = reinterpret_cast<T*>(parameters->theta.data());
  Random random(2);
  for (const Segment& segment : parameters->theta.segments()) {
    for (Index i = 0; i < segment.size; ++i) theta[segment.offset + i] = static_cast<T>(random.real() / 8);
  }
  OptimizerConfig config;
  config.kind = OptimizerConfig::Kind::adam;
  const auto plan = std::make_shared<Plan>(Network().training(), *parameters, kBatch);
  Trainer trainer(plan, parameters, std::make_shared<Optimizer>(config, parameters),
                  Feed(plan->program(), dtype_of<T>(), {clouds.features(), clouds.labels()}),
                  {kBatch, true, 3});

  std::atomic<bool> over{false};
  std::thread reader([&] {
    const auto view = std::make_shared<Plan>(Network().prediction(), *parameters, 64);
    Inference inference(view, parameters);
    const Feed feed(view->program(), dtype_of<T>(), {clouds.features()});
    std::vector<T> prediction(kRows * kClasses);
    do {
      InferenceRequest request;
      request.outputs.push_back(reinterpret_cast<std::byte*>(prediction.data()));
      request.threads = 2;
      inference.run(feed, request);
    } while (!over);
  });
  std::vector<double> losses;
  for (std::uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
    trainer.begin_epoch(epoch);
    trainer.run(1e-2, {0, threads, false});
    losses.push_back(trainer.averages()[0]);
  }
  over = true;
  reader.join();
  expect(losses.back() < 0.5 * losses.front(), "the loss went from ", losses.front(), " to ", losses.back());
  return {theta, theta + parameters->theta.elements()};
}

// A number that is not finite ends a run before the update, and an evaluation after its chunk, with its place.
template <class T>
void meets_nan(int threads) {
  Clouds<T> clouds;
  const Index row = kRows - 1, col = kFeatures - 1;
  clouds.x[static_cast<std::size_t>(row * kFeatures + col)] = std::numeric_limits<T>::quiet_NaN();
  auto parameters = std::make_shared<Parameters>(dtype_of<T>(), Network::segments(), std::vector<Segment>{});
  const auto plan = std::make_shared<Plan>(Network().training(), *parameters, kRows);
  Trainer trainer(plan, parameters, std::make_shared<Optimizer>(OptimizerConfig{}, parameters),
                  Feed(plan->program(), dtype_of<T>(), {clouds.features(), clouds.labels()}),
                  {kRows, true, 3});
  const RunReport report = trainer.run(1e-2, {0, threads, false});
  expect(report.end == RunReport::End::non_finite_source && report.batch == 0, "a step with NaN was done");
  expect(report.non_finite.source == 0 && report.non_finite.row == row && report.non_finite.col == col,
         "NaN named in row ", report.non_finite.row, ", column ", report.non_finite.col);
  const auto* theta = reinterpret_cast<const T*>(parameters->theta.data());
  expect(std::all_of(theta, theta + parameters->theta.elements(), [](T w) { return w == 0; }),
         "a step with NaN was written");

  const auto view = std::make_shared<Plan>(Network().prediction(), *parameters, 8);
  Inference inference(view, parameters);
  std::vector<T> prediction(kRows * kClasses);
  const Feed feed(view->program(), dtype_of<T>(), {clouds.features()});
  InferenceRequest request;
  request.outputs.push_back(reinterpret_cast<std::byte*>(prediction.data()));
  request.threads = threads;
  const auto found = inference.run(feed, request).non_finite;
  expect(found && found->row == row && found->col == col, "NaN not named in a prediction");
}

}  // namespace

// The same bits on 1 to 4 threads.
template <class T>
void training() {
  for (int threads = 1; threads <= 4; ++threads) meets_nan<T>(threads);
  const std::vector<T> want = train<T>(1);
  for (int threads = 2; threads <= 4; ++threads) {
    const std::vector<T> got = train<T>(threads);
    expect(std::memcmp(got.data(), want.data(), want.size() * sizeof(T)) == 0, "other weights on ", threads,
           " threads");
  }
}

template void training<float>();
template void training<double>();

}  // namespace fastdnn::native
