#include "engine/inference.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <shared_mutex>
#include <utility>

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
  check_handler(request.calls, *plan_);
  check(request.outputs.size() == plan_->program().outputs().size(), "Inference", "expected room for ",
        plan_->program().outputs().size(), " outputs, got ", request.outputs.size());
  if (plan_->gradient_segments().empty()) return;
  check(request.gradient != nullptr && rows <= plan_->max_batch(), "Inference",
        "expected room for the gradient, and one batch of at most ", plan_->max_batch(), " rows, got ", rows);
}

// The parameters of one moment. They stay as they are for as long as this lives: locked against writers, or,
// where user code is called, which may want to write them itself, copied.
class Moment {
 public:
  Moment(Parameters& parameters, bool copy) : reading_(parameters.mutex) {
    theta = parameters.theta.data();
    sigma = parameters.sigma.data();
    if (!copy) return;
    theta = copy_of(parameters, parameters.theta, own_theta_);
    sigma = copy_of(parameters, parameters.sigma, own_sigma_);
    reading_.unlock();
  }

  std::byte* theta;
  std::byte* sigma;

 private:
  static std::byte* copy_of(const Parameters& parameters, const FlatVector& vector, AlignedBuffer& own) {
    const Index bytes = vector.elements() * size_of(parameters.dtype);
    own = AlignedBuffer(bytes);
    if (bytes > 0) std::memcpy(own.data(), vector.data(), static_cast<std::size_t>(bytes));
    return own.data();
  }

  std::shared_lock<FairMutex> reading_;
  AlignedBuffer own_theta_;
  AlignedBuffer own_sigma_;
};

// What the threads of one run share. Rank 0 writes it between barriers, the others read it after them.
class Inference::Region final : public Regions {
 public:
  Region(const Inference& inference, const Feed& feed, const InferenceRequest& request, Workspace& workspace,
         bool may_shrink)
      : inference_(inference),
        plan_(*inference.plan_),
        feed_(feed),
        request_(request),
        workspace_(workspace),
        may_shrink_(may_shrink),
        moment_(*inference.parameters_, plan_.calls()),
        sums_(plan_.program().results().size()) {}

  // Each thread's: chunks until all rows are done, or a call is due.
  void region(Team& team) override {
    Scratch scratch;
    std::size_t stretch = from_.stretch;
    for (Index first = from_.first; first < feed_.rows(); first += chunk(), stretch = 0) {
      const StepContext context = context_of(team.rank(), first, scratch);
      run_stretch(plan_, plan_.stretches()[stretch], context, team, request_.clock);
      if (plan_.stretches()[stretch].calls) return come_to(team, {first, stretch}, Due::call);
      if (team.rank() == 0) {
        for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += context.results[i];
        fewer_threads(first) = may_shrink_ && team.waits_mostly();
      }
      team.barrier();  // the next chunk reuses the arena
      if (team.rank() == 0) bad_chunk_ = first;
      if (*context.non_finite) return;
      if (!plan_.observers().empty() || fewer_threads(first)) {
        return come_to(team, {first, stretch}, Due::chunk_end);
      }
    }
  }

  bool between() override {
    const Due due = std::exchange(due_, Due::nothing);
    if (due == Due::nothing) return false;
    Scratch scratch;
    const StepContext context = context_of(0, at_.first, scratch);
    if (due == Due::chunk_end) {
      call_observers(plan_, context, request_.calls);
      from_ = {at_.first + chunk(), 0};
      return from_.first < feed_.rows();
    }
    bad_chunk_ = at_.first;
    if (*context.non_finite) return false;  // what is called sees no such numbers
    from_ = {at_.first, make_calls(plan_, at_.stretch, context, request_.calls, request_.clock)};
    return true;
  }

  InferenceReport report() {
    InferenceReport report;
    report.sums = std::move(sums_);
    if (non_finite_[0] || non_finite_[1]) {
      report.non_finite = feed_.find_non_finite(bad_chunk_, order(), rows_of_chunk(bad_chunk_));
    }
    return report;
  }

 private:
  struct Position {
    Index first = 0;  // row of the chunk
    std::size_t stretch = 0;
  };
  enum class Due : std::uint8_t { nothing, call, chunk_end };
  // What a context points to.
  struct Scratch {
    std::vector<Source> sources;
    std::vector<std::byte*> outputs;
  };

  Index chunk() const { return plan_.max_batch(); }
  Index parity(Index first) const { return first / chunk() % 2; }
  // Whether the team is to be made anew after this chunk.
  bool& fewer_threads(Index first) { return fewer_threads_[parity(first)]; }
  Index rows_of_chunk(Index first) const { return std::min(chunk(), feed_.rows() - first); }
  const std::int32_t* order() const {
    return reinterpret_cast<const std::int32_t*>(inference_.order_.data());
  }

  // The region ends here: rank 0 says for what.
  void come_to(const Team& team, Position at, Due due) {
    if (team.rank() != 0) return;
    at_ = at;
    due_ = due;
  }

  StepContext context_of(int rank, Index first, Scratch& scratch) {
    StepContext context = workspace_.context(rank);
    context.theta = moment_.theta;
    context.sigma = moment_.sigma;
    context.gradient = request_.gradient;
    context.seed = request_.seed;
    context.step = request_.step;
    context.order = order();
    context.n = rows_of_chunk(first);
    context.non_finite = &non_finite_[parity(first)];
    scratch.sources = feed_.at_row(first);
    context.sources = scratch.sources.data();
    scratch.outputs = request_.outputs;
    for (std::size_t i = 0; i < scratch.outputs.size(); ++i) {
      const Index cols = plan_.program().value(plan_.program().outputs()[i]).cols;
      scratch.outputs[i] += first * cols * size_of(plan_.dtype());
    }
    context.outputs = scratch.outputs.data();
    return context;
  }

  const Inference& inference_;
  const Plan& plan_;
  const Feed& feed_;
  const InferenceRequest& request_;
  Workspace& workspace_;
  const bool may_shrink_;  // the team
  Moment moment_;
  std::vector<double> sums_;
  // Written before a chunk's barrier and read by all after it. Two in turn: while a slow thread still reads one,
  // others may be at the next chunk's.
  std::atomic<bool> non_finite_[2] = {{false}, {false}};
  bool fewer_threads_[2] = {false, false};
  Index bad_chunk_ = 0;
  // Where the next region begins: written between regions, read by all threads in them.
  Position from_;
  // Where one has ended, and why: written by rank 0, read between regions.
  Position at_;
  Due due_ = Due::nothing;
};

InferenceReport Inference::run(const Feed& feed, const InferenceRequest& request) {
  const Index rows = feed.rows();
  check_request(request, rows);
  const Index chunk = plan_->max_batch();
  const Index useful =
      plan_->useful_threads(std::min(rows, chunk), (rows + chunk - 1) / chunk, calls_follow_closely());
  ThreadLease lease(request.threads, useful);
  const bool is_long = rows > chunk || feed.is_sparse() || plan_->flops(rows) > kShortFlops ||
                       plan_->arena_bytes() > kShortBytes || plan_->calls();
  // An interrupted run may be begun again, and observers are to see each row once: theirs end between calls.
  const bool repeatable = plan_->observers().empty();
  const InterruptScope interrupts(request.watch_interrupt && is_long && repeatable);
  const WorkspacePool::Lease workspace = workspaces_.lease(*plan_, lease.threads());
  Region region(*this, feed, request, *workspace, lease.is_default());
  region.run(lease, interrupts.flag());
  return region.report();
}

}  // namespace fastdnn
