// The engine without Python: a network is trained while another thread predicts with it.
#include <algorithm>
#include <atomic>
#include <cmath>
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

// The optimiser's numbers; clipping and max-norm make all threads wait for each other within the update.
StepScalars rate() {
  StepScalars scalars;
  scalars.learning_rate = 1e-2;
  scalars.beta_1 = 0.9;
  scalars.beta_2 = 0.999;
  scalars.epsilon = 1e-8;
  scalars.global_clipnorm = 2;
  return scalars;
}

enum Calls : int { kForward, kBackward, kObserve };

// relu(x w1 + b1) w2 + b2, as fastdnn/lowering.py has it: values are numbered as they are added. With calls, the
// hidden layer is doubled by one, its gradient by another, and a third looks at the logits.
class Network {
 public:
  explicit Network(bool calls = false) : calls_(calls) {
    for (const auto& [rows, cols] : kSegments) {
      parameters_.push_back(p_.add_value({"w", Role::parameter, false, rows, cols, slot(parameters_)}));
    }
    x_ = p_.add_value({"x", Role::source, false, 0, kFeatures, 0});
    relu_ = op("relu", {dense(x_, 0, kUnits)}, kUnits);
    hidden_ = calls ? call(kForward, {relu_}, kUnits) : relu_;
    logits_ = dense(hidden_, 2, kClasses);
  }

  Program prediction() {
    p_.add_output(logits_);
    return p_;
  }

  Program training(bool watched = false) {
    const int y = p_.add_value({"y", Role::source, true, 0, 1, 1});
    p_.add_result({"loss", op("sparse_cross_entropy", {logits_, y}, 1), -1, true});
    p_.add_result({"accuracy", op("sparse_accuracy", {logits_, y}, 1), -1, false});
    const int penalty = add_penalty();
    p_.add_result({"penalty", penalty, -1, true});
    const int dz = op("sparse_cross_entropy_backward", {logits_, y}, kClasses);
    gradients(hidden_, dz, 2);
    int dh = op("matmul_dx", {dz, parameters_[2]}, kUnits);
    if (calls_) dh = call(kBackward, {dh}, kUnits);
    gradients(x_, op("relu_backward", {relu_, dh}, kUnits), 0);
    if (calls_) p_.add_op({&operation_named("python"), {logits_, y}, {}, false, {}, kObserve});
    if (!watched) return p_;
    for (const int value : {x_, relu_, hidden_, logits_}) p_.add_watch({value, false, -1, 1});
    for (const int value : {dz, dh}) p_.add_watch({value, true, 0, 0});
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
    if (op.operation->joins != nullptr) op.options[op.operation->options.size() - 2] = 1;  // loss_weight
    return op;
  }
  int op(const char* kind, const std::vector<int>& inputs, Index cols) {
    const int output = p_.add_value({kind, Role::computed, false, 0, cols, -1});
    p_.add_op(made(kind, inputs, output));
    return output;
  }
  int call(int number, const std::vector<int>& inputs, Index cols) {
    const int output = p_.add_value({"call", Role::computed, false, 0, cols, -1});
    p_.add_op({&operation_named("python"), inputs, {output}, false, {}, number});
    return output;
  }
  int dense(int x, int first, Index cols) {
    const auto w = static_cast<std::size_t>(first);
    return op("add_bias", {op("matmul", {x, parameters_[w]}, cols), parameters_[w + 1]}, cols);
  }
  void gradient(const char* kind, const std::vector<int>& inputs, int segment) {
    const auto [rows, cols] = kSegments[segment];
    const bool more = segment == 0 && penalty_gradient_ >= 0;
    const int output =
        more ? penalty_gradient_ : p_.add_value({"dw", Role::gradient, false, rows, cols, segment});
    Op added = made(kind, inputs, output);
    added.accumulate = more;
    p_.add_op(added);
  }
  // Of the first kernel: its pass is the first to write the kernel's gradient, beside the forward steps.
  int add_penalty() {
    const int w = parameters_[0];
    const Options terms{1e-4, 1e-4, 1e-4, 1.5, 1};
    const int figure = p_.add_value({"penalty", Role::computed, false, 1, 1, -1});
    p_.add_op({&operation_named("penalty"), {w}, {figure}, false, terms});
    penalty_gradient_ = p_.add_value({"dw", Role::gradient, false, kFeatures, kUnits, 0});
    p_.add_op({&operation_named("penalty_backward"), {w}, {penalty_gradient_}, false, terms});
    return figure;
  }
  void gradients(int x, int dy, int first) {
    gradient("matmul_dw", {x, dy}, first);
    gradient("column_sum", {dy}, first + 1);
  }

  Program p_;
  bool calls_;
  std::vector<int> parameters_;
  int x_ = -1, relu_ = -1, hidden_ = -1, logits_ = -1, penalty_gradient_ = -1;
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

// Makes the calls of a network with some.
template <class T>
class Doubling {
 public:
  std::atomic<int> observed{0};  // rows

  void operator()(const CallArguments& call) {
    const CallOperand& x = call.inputs[0];
    const auto* from = reinterpret_cast<const T*>(x.data);
    if (call.call == kObserve) {
      expect(call.outputs.empty() && call.inputs[1].dtype == Dtype::i32, "an observer sees other operands");
      expect(std::all_of(from, from + x.rows * x.cols, [](T v) { return std::isfinite(v); }),
             "broken logits");
      observed += static_cast<int>(x.rows);
      return;
    }
    auto* to = reinterpret_cast<T*>(call.outputs[0].data);
    std::transform(from, from + x.rows * x.cols, to, [](T v) { return 2 * v; });
  }
};

template <class T>
struct Trained {
  std::vector<T> theta;
  std::vector<double> samples;
};

// Trains for 52 steps, of which each third is sampled where `sampled`; otherwise in one call.
template <class T>
Trained<T> train(int threads, bool calls, bool sampled) {
  const Clouds<T> clouds;
  auto parameters = std::make_shared<Parameters>(dtype_of<T>(), Network::segments(), std::vector<Segment>{});
  auto* theta = reinterpret_cast<T*>(parameters->theta.data());
  Random random(2);
  for (const Segment& segment : parameters->theta.segments()) {
    for (Index i = 0; i < segment.size; ++i) theta[segment.offset + i] = static_cast<T>(random.real() / 8);
  }
  OptimizerConfig config;
  config.kind = OptimizerConfig::Kind::adam;
  const auto optimizer = std::make_shared<Optimizer>(config, parameters);
  for (const Segment& segment : parameters->theta.segments()) {
    SegmentOptions options;
    options.max_norm = 3;
    optimizer->set_options(segment.name, options);
  }
  Doubling<T> doubling;
  const CallHandler handler = [&](const CallArguments& call) { doubling(call); };
  const auto plan = std::make_shared<Plan>(Network(calls).training(), *parameters, kBatch);
  Trainer trainer(plan, parameters, optimizer,
                  Feed(plan->program(), dtype_of<T>(), {clouds.features(), clouds.labels()}),
                  {kBatch, true, 3});

  std::atomic<bool> over{false};
  std::thread reader([&] {
    const auto view = std::make_shared<Plan>(Network(calls).prediction(), *parameters, 64);
    Inference inference(view, parameters);
    const Feed feed(view->program(), dtype_of<T>(), {clouds.features()});
    std::vector<T> prediction(kRows * kClasses);
    do {
      InferenceRequest request;
      request.outputs.push_back(reinterpret_cast<std::byte*>(prediction.data()));
      request.threads = 2;
      request.calls = handler;
      inference.run(feed, request);
    } while (!over);
  });
  std::vector<double> losses, samples;
  RunLimits limits{0, threads, false, 0, handler};
  if (sampled) {
    trainer.sample_by(std::make_shared<Plan>(Network(calls).training(true), *parameters, kBatch));
    limits.samples = {1, 4, 7, 10, 13};
  }
  const auto mean = [](double sum, Index rows) { return sum / static_cast<double>(rows); };
  if (!sampled) {  // all epochs in one call
    const RunReport report = trainer.run_epochs({rate()}, limits, 0, kEpochs);
    const std::vector<EpochTotals>& epochs = trainer.epochs();
    expect(report.end == RunReport::End::epoch_done && epochs.size() == kEpochs, "ran ", epochs.size(),
           " epochs");
    expect(trainer.whole_epochs() == kEpochs, "counted ", trainer.whole_epochs(), " epochs");
    for (const EpochTotals& epoch : epochs) losses.push_back(mean(epoch.sums[0], epoch.rows));
  }
  for (std::uint32_t epoch = 0; sampled && epoch < kEpochs; ++epoch) {
    trainer.begin_epoch(epoch);
    trainer.run({rate()}, limits);
    const Index taken = trainer.take_samples();
    expect(taken == static_cast<Index>(limits.samples.size()), "sampled ", taken, " steps");
    expect(trainer.take_samples() == 0, "samples were taken twice");
    samples.insert(samples.end(), trainer.samples().begin(), trainer.samples().end());
    losses.push_back(mean(trainer.sums()[0], trainer.rows_done()));
  }
  over = true;
  reader.join();
  expect(doubling.observed == (calls ? kEpochs * kRows : 0), "observed ", doubling.observed, " rows");
  expect(losses.back() < 0.5 * losses.front(), "the loss went from ", losses.front(), " to ", losses.back());
  expect(std::all_of(samples.begin(), samples.end(), [](double v) { return std::isfinite(v); }),
         "broken samples");
  return {{theta, theta + parameters->theta.elements()}, samples};
}

template <class U>
bool same_bits(const std::vector<U>& a, const std::vector<U>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(U)) == 0;
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
  const RunReport report = trainer.run({rate()}, {0, threads, false});
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

// What a call throws ends the run after the last whole step; NaN in the sources is met before one.
template <class T>
void ends_at_a_call(int threads) {
  struct Refused {};
  Clouds<T> clouds;
  auto parameters = std::make_shared<Parameters>(dtype_of<T>(), Network::segments(), std::vector<Segment>{});
  const auto plan = std::make_shared<Plan>(Network(true).training(), *parameters, kBatch);
  const auto optimizer = std::make_shared<Optimizer>(OptimizerConfig{}, parameters);
  const auto feed = [&] {
    return Feed(plan->program(), dtype_of<T>(), {clouds.features(), clouds.labels()});
  };
  Trainer trainer(plan, parameters, optimizer, feed(), {kBatch, false, 3});
  Doubling<T> doubling;
  int made = 0;
  const CallHandler handler = [&](const CallArguments& call) {
    if (call.call == kBackward && ++made == 4) throw Refused{};
    doubling(call);
  };
  bool refused = false;
  try {
    trainer.run({rate()}, {0, threads, false, 0, handler});
  } catch (const Refused&) {
    refused = true;
  }
  expect(refused && optimizer->iterations() == 3 && doubling.observed == 3 * kBatch, "ended after ",
         optimizer->iterations(), " steps, of which ", doubling.observed, " rows were observed");
  const RunReport rest = trainer.run({rate()}, {0, threads, false, 0, handler});  // and it goes on
  expect(rest.end == RunReport::End::epoch_done && doubling.observed == kRows, "it does not go on");

  clouds.x[0] = std::numeric_limits<T>::quiet_NaN();
  made = 0;
  Trainer again(plan, parameters, optimizer, feed(), {kBatch, false, 3});
  const RunReport report = again.run({rate()}, {0, threads, false, 0, [&](const CallArguments&) { ++made; }});
  expect(report.end == RunReport::End::non_finite_source && made == 0, "a call saw NaN");
}

}  // namespace

// The same bits on 1 to 4 threads, also where the network calls, and where steps are sampled.
template <class T>
void training() {
  for (int threads = 1; threads <= 4; ++threads) meets_nan<T>(threads);
  for (int threads = 1; threads <= 4; ++threads) ends_at_a_call<T>(threads);
  for (const bool calls : {false, true}) {
    const Trained<T> want = train<T>(1, calls, true);
    expect(same_bits(train<T>(1, calls, false).theta, want.theta), "other weights where steps are sampled");
    for (int threads = 2; threads <= 4; ++threads) {
      const Trained<T> got = train<T>(threads, calls, true);
      expect(same_bits(got.theta, want.theta), "other weights on ", threads, " threads");
      expect(same_bits(got.samples, want.samples), "other samples on ", threads, " threads");
    }
  }
}

template void training<float>();
template void training<double>();

}  // namespace fastdnn::native
