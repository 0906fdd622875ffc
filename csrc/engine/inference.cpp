#include "engine/inference.h"

#include <algorithm>
#include <shared_mutex>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/threads.h"

namespace fastdnn {

Inference::Inference(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters)
    : plan_(std::move(plan)), parameters_(std::move(parameters)) {}

std::vector<double> Inference::run(const Feed& feed, std::byte* output, int threads, bool watch_interrupt) {
  const Program& program = plan_->program();
  check((output != nullptr) == (program.output() >= 0), "Inference",
        "expected room for the output of a program that ", "has one, and none else");
  const Index rows = feed.rows();
  const Index chunk = plan_->max_batch();
  const Index row_bytes =
      output == nullptr ? 0 : program.value(program.output()).cols * size_of(plan_->dtype());
  const ThreadLease lease(threads, plan_->useful_threads(std::min(rows, chunk)));
  const InterruptScope interrupts(watch_interrupt);
  const WorkspacePool::Lease workspace = workspaces_.lease(*plan_, lease.threads());
  const std::shared_lock<FairMutex> reading(parameters_->mutex);

  std::vector<double> sums(program.results().size());
  const auto body = [&](Team& team) {
    StepContext context = workspace->context(team.rank());
    context.theta = parameters_->theta.data();
    context.sigma = parameters_->sigma.data();
    for (Index first = 0; first < rows; first += chunk) {
      const std::vector<const std::byte*> sources = feed.at_row(first);
      context.sources = sources.data();
      context.output = output == nullptr ? nullptr : output + first * row_bytes;
      context.n = std::min(chunk, rows - first);
      for (const Step& step : plan_->steps()) {
        if (step.barrier_before) team.barrier();
        team.poll();
        step.run(step, context, team);
      }
      if (team.rank() == 0) {
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += context.results[i];
      }
      team.barrier();  // the next chunk reuses the arena
    }
  };
  run_team(lease.threads(), body, interrupts.flag());
  return sums;
}

}  // namespace fastdnn
