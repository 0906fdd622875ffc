#include "engine/inference.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <shared_mutex>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/threads.h"

namespace fastdnn {

Inference::Inference(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters)
    : plan_(std::move(plan)),
      parameters_(std::move(parameters)),
      order_(plan_->max_batch() * size_of(Dtype::i32)) {
  auto* order = reinterpret_cast<std::int32_t*>(order_.data());
  std::iota(order, order + plan_->max_batch(), 0);
}

InferenceReport Inference::run(const Feed& feed, std::byte* output, int threads, bool watch_interrupt) {
  const Program& program = plan_->program();
  check((output != nullptr) == (program.output() >= 0), "Inference",
        "expected room for the output of a program that ", "has one, and none else");
  const Index rows = feed.rows();
  const Index chunk = plan_->max_batch();
  const Index row_bytes =
      output == nullptr ? 0 : program.value(program.output()).cols * size_of(plan_->dtype());
  const ThreadLease lease(threads, plan_->useful_threads(std::min(rows, chunk), (rows + chunk - 1) / chunk));
  const InterruptScope interrupts(watch_interrupt);
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
    for (Index first = 0, turn = 0; first < rows; first += chunk, turn ^= 1) {
      const std::vector<Source> sources = feed.at_row(first);
      context.sources = sources.data();
      context.output = output == nullptr ? nullptr : output + first * row_bytes;
      context.n = std::min(chunk, rows - first);
      context.non_finite = &non_finite[turn];
      for (const Step& step : plan_->steps()) {
        if (step.barrier_before) team.barrier();
        team.poll();
        step.run(step, context, team);
      }
      if (team.rank() == 0) {
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += context.results[i];
      }
      team.barrier();  // the next chunk reuses the arena
      if (team.rank() == 0) bad_chunk = first;
      if (non_finite[turn]) return;
    }
  };
  run_team(lease.threads(), body, interrupts.flag());
  if (non_finite[0] || non_finite[1]) {
    report.non_finite = feed.find_non_finite(bad_chunk, order, std::min(chunk, rows - bad_chunk));
  }
  return report;
}

}  // namespace fastdnn
