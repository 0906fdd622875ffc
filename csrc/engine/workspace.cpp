#include "engine/workspace.h"

#include <algorithm>

#include "core/fork.h"

namespace fastdnn {

Workspace::Workspace(const Plan& plan, int threads)
    : threads_(threads),
      scratch_stride_(round_up(plan.scratch_bytes(), kAlignment)),
      arena_(plan.arena_bytes()),
      scratch_(scratch_stride_ * threads),
      results_(static_cast<Index>(plan.program().results().size() * sizeof(double))) {}

StepContext Workspace::context(int rank) const {
  StepContext context;
  context.arena = arena_.data();
  context.scratch = scratch_.data() == nullptr ? nullptr : scratch_.data() + scratch_stride_ * rank;
  context.results = results();
  return context;
}

WorkspacePool::Lease WorkspacePool::lease(const Plan& plan, int threads) {
  const auto give_back = [this](Workspace* workspace) {
    const ForkHold hold;
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.emplace_back(workspace);
  };
  {
    const ForkHold hold;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto fits = [&](const auto& workspace) { return workspace->threads() >= threads; };
    const auto found = std::find_if(idle_.begin(), idle_.end(), fits);
    if (found != idle_.end()) {
      Lease lease(found->release(), give_back);
      idle_.erase(found);
      return lease;
    }
    if (!idle_.empty()) idle_.pop_back();  // too small; the new one takes its place
  }
  return {new Workspace(plan, threads), give_back};
}

}  // namespace fastdnn
