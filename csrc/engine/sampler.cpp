#include "engine/sampler.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "engine/operations/arguments.h"
#include "isa/table.h"
#include "kernels/activity.h"
#include "kernels/chunks.h"

namespace fastdnn {
namespace {

constexpr int kTurn = 8;  // of the copy of theta, beyond those of gradient and optimiser (StaggeredBuffer)

// The norm of a matrix, by one thread.
template <class T>
double norm_of(Matrix<const T> x) {
  double sum = 0;
  const Index n = x.rows * x.cols;  // contiguous, as all values of a plan
  for (Index begin = 0; begin < n; begin += kChunk) {
    sum += kernels<T>().sum_of_scaled_squares(x.data + begin, std::min(kChunk, n - begin), 1);
  }
  return std::sqrt(sum);
}

Index figures_of(const Watch& watch) {
  return watch.norm_only ? 1 : kActivityFigures;
}

}  // namespace

Sampler::Sampler(std::shared_ptr<const Plan> plan, const Parameters& parameters)
    : plan_(std::move(plan)),
      theta_(parameters.theta),
      dtype_(parameters.dtype),
      weights_(theta_),
      gradients_(theta_),
      updates_(theta_) {
  const Program& program = plan_->program();
  const auto segments = static_cast<Index>(plan_->gradient_segments().size());
  first_norm_ = 1 + static_cast<Index>(program.results().size());
  first_watch_ = first_norm_ + 3 * segments;
  width_ = first_watch_;
  Index cols = 0;
  for (const Watch& watch : program.watches()) {
    width_ += figures_of(watch);
    if (!watch.norm_only) cols = std::max(cols, program.value(watch.value).cols);
  }
  scratch_stride_ = round_up(kActivityScratch * cols * size_of(dtype_), kAlignment);
  kept_ = StaggeredBuffer(theta_.elements() * size_of(dtype_), kTurn);
}

void Sampler::prepare(int threads) {
  if (scratch_.bytes() < scratch_stride_ * threads) scratch_ = AlignedBuffer(scratch_stride_ * threads);
}

// Whole cache lines of theta for each thread, and of those what lies in segments that are trained.
template <class T, class Body>
void Sampler::for_share(const Team& team, const Body& body) const {
  const Range share = team.share(theta_.elements(), kAlignment / static_cast<Index>(sizeof(T)));
  for (const int index : plan_->gradient_segments()) {
    const Segment& segment = theta_.segments()[static_cast<std::size_t>(index)];
    const Index end = std::min(share.end, segment.offset + segment.size);
    body(std::max(share.begin, segment.offset), end);
  }
}

template <class T>
void Sampler::write_norms(Team& team, GradientNorms& norms, const T* x, double* to) {
  norms.measure(team, x, plan_->gradient_segments());
  for (const int index : plan_->gradient_segments()) {
    const double norm = norms.norm(team, x, index);
    if (team.rank() == 0) *to++ = norm;
  }
}

// One thread does one value: so nothing depends on how many there are.
template <class T>
void Sampler::watch(const Team& team, const StepContext& context, double* sample) const {
  auto* scratch = reinterpret_cast<T*>(scratch_.data() + scratch_stride_ * team.rank());
  double* to = sample + first_watch_;
  int turn = 0;
  for (std::size_t i = 0; i < plan_->watches().size(); ++i) {
    const Watch& of = plan_->program().watches()[i];
    if (turn++ % team.size() == team.rank()) {
      const Matrix<const T> x = Arguments<T>{plan_->watches()[i], context}.matrix(0);
      if (of.norm_only) {
        *to = norm_of(x);
      } else {
        activity<T>(to, scratch, x, static_cast<T>(of.low), static_cast<T>(of.high));
      }
    }
    to += figures_of(of);
  }
}

template <class T>
void Sampler::before(Team& team, const StepContext& context, double* sample) {
  const auto* theta = reinterpret_cast<const T*>(context.theta);
  auto* kept = reinterpret_cast<T*>(kept_.data());
  for_share<T>(team, [&](Index begin, Index end) {
    if (begin < end) std::copy(theta + begin, theta + end, kept + begin);
  });
  if (team.rank() == 0) {
    sample[0] = static_cast<double>(context.n);
    std::copy(context.results, context.results + plan_->program().results().size(), sample + 1);
  }
  watch<T>(team, context, sample);
  const auto segments = static_cast<Index>(plan_->gradient_segments().size());
  write_norms(team, weights_, theta, sample + first_norm_);
  write_norms(team, gradients_, reinterpret_cast<const T*>(context.gradient),
              sample + first_norm_ + segments);
  team.barrier();  // the update may begin
}

template <class T>
void Sampler::after(Team& team, const StepContext& context, double* sample) {
  const auto* theta = reinterpret_cast<const T*>(context.theta);
  auto* kept = reinterpret_cast<T*>(kept_.data());
  for_share<T>(team, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) kept[i] = theta[i] - kept[i];
  });
  team.barrier();
  const auto segments = static_cast<Index>(plan_->gradient_segments().size());
  write_norms(team, updates_, static_cast<const T*>(kept), sample + first_norm_ + 2 * segments);
}

void Sampler::before_update(Team& team, const StepContext& context, double* sample) {
  dtype_ == Dtype::f64 ? before<double>(team, context, sample) : before<float>(team, context, sample);
}

void Sampler::after_update(Team& team, const StepContext& context, double* sample) {
  dtype_ == Dtype::f64 ? after<double>(team, context, sample) : after<float>(team, context, sample);
}

}  // namespace fastdnn
