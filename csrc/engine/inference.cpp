#include "engine/inference.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <shared_mutex>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/threads.h"

namespace fastdnn {
namespace {

// Runs below both end within milliseconds: a Ctrl-C can wait for them, and its handler would cost more than
// the prediction of a row.
constexpr Index kShortFlops = 20'000'000;
constexpr Index kShortBytes = 4 << 20;

}  // namespace

Inference::Inference(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters)
    : plan_(std::move(plan)),
      parameters_(std::move(parameters)),
      order_(plan_->max_batch() * size_of(Dtype::i32)) {
  auto* order = reinterpret_cast<std::int32_t*>(order_.data());
  std::iota(order, order + plan_->max_batch(), 0);
}

void Inference::check_request(const InferenceRequest& request, Index rows) const {
  check(request.outputs.size() == plan_->program().outputs().size(), "Inference", "expected room for ",
        plan_->program().outputs().size(), " outputs, got ", request.outputs.size());
  if (plan_->gradient_segments().empty()) return;
  check(request.gradient != nullptr && rows <= plan_->max_batch(), "Inference",
        "expected room for the gradient, and one batch of at most ", plan_->max_batch(), " rows, got ", rows);
}

InferenceReport Inference::run(const Feed& feed, const InferenceRequest& request) {
  const Program& program = plan_->program();
  const Index rows = feed.rows();
  check_request(request, rows);
  const Index chunk = plan_->max_batch();
  const Index useful = plan_->useful_threads(std::min(rows, chunk), (rows + chunk - 1) / chunk);
  const ThreadLease lease(request.threads, useful);
  const bool is_long = rows > chunk || feed.is_sparse() || plan_->flops(rows) > kShortFlops ||
                       plan_->arena_bytes() > kShortBytes;
  const InterruptScope interrupts(request.watch_interrupt && is_long);
  const WorkspacePool::Lease workspace = workspaces_.lease(*plan_, lease.threads());
  const std::shared_lock<FairMutex> reading(parameters_->mutex);

  InferenceReport report;
  std::vector<double>& sums = report.sums;
  sums.resize(program.results().size());
  const auto* order = reinterpret_cast<const std::int32_t*>(order_.data());
  // Raised before a chunk's barrier and read by all after it. Two in turn: while a slow thread still reads one,
  // others may be at the next chunk's.
  std::atomic<bool> non_finite[2] = {{false}, {false}};
  Index bad_chunk = 0;
  const auto body = [&](Team& team) {
    StepContext context = workspace->context(team.rank());
    context.theta = parameters_->theta.data();
    context.sigma = parameters_->sigma.data();
    context.order = order;
    context.gradient = request.gradient;
    context.seed = request.seed;
    context.step = request.step;
    std::vector<std::byte*> outputs = request.outputs;
    context.outputs = outputs.data();
    for (Index first = 0, turn = 0; first < rows; first += chunk, turn ^= 1) {
      const std::vector<Source> sources = feed.at_row(first);
      context.sources = sources.data();
      context.n = std::min(chunk, rows - first);
      context.non_finite = &non_finite[turn];
      std::size_t entry = 0;
      for (const Step& step : plan_->steps()) {
        if (step.barrier_before) team.barrier();
        team.poll();
        const auto run = [&] { step.run(step, context, team); };
        request.clock == nullptr ? run() : request.clock->time(team, entry, run);
        ++entry;
      }
      if (team.rank() == 0) {
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += context.results[i];
      }
      team.barrier();  // the next chunk reuses the arena
      if (team.rank() == 0) bad_chunk = first;
      if (non_finite[turn]) return;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        outputs[i] += context.n * program.value(program.outputs()[i]).cols * size_of(plan_->dtype());
      }
    }
  };
  run_team(lease.threads(), body, interrupts.flag());
  if (non_finite[0] || non_finite[1]) {
    report.non_finite = feed.find_non_finite(bad_chunk, order, std::min(chunk, rows - bad_chunk));
  }
  return report;
}

}  // namespace fastdnn
