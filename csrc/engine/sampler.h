// What sampled steps tell: the norms of weights, gradients and updates, and figures of watched values. All of it
// is read from what a step computes anyway; nothing of the step depends on it.
#pragma once

#include <memory>

#include "engine/gradient_norms.h"
#include "engine/plan.h"

namespace fastdnn {

class Sampler {
 public:
  // Of a plan whose program watches.
  Sampler(std::shared_ptr<const Plan> plan, const Parameters& parameters);

  const std::shared_ptr<const Plan>& plan() const { return plan_; }
  // Numbers of a sample: the rows of the batch; the sum over them of each result; of each segment that has a
  // gradient ||theta|| before the update, then ||g|| of each, then ||theta after - before|| of each; then the
  // figures of each watch.
  Index width() const { return width_; }

  // Room for so many threads: before a run.
  void prepare(int threads);
  // The team's, once a step is kept, before anything of it is written; barriers.
  void before_update(Team& team, const StepContext& context, double* sample);
  // The team's, after a barrier after the update; one rank writes the sample, others may go on.
  void after_update(Team& team, const StepContext& context, double* sample);

 private:
  template <class T>
  void before(Team& team, const StepContext& context, double* sample);
  template <class T>
  void after(Team& team, const StepContext& context, double* sample);
  template <class T>
  void watch(const Team& team, const StepContext& context, double* sample) const;
  template <class T, class Body>
  void for_share(const Team& team, const Body& body) const;
  template <class T>
  void write_norms(Team& team, GradientNorms& norms, const T* x, double* to);

  std::shared_ptr<const Plan> plan_;
  const FlatVector& theta_;
  const Dtype dtype_;
  Index width_ = 0;
  Index first_norm_ = 0;  // places in a sample
  Index first_watch_ = 0;
  Index scratch_stride_ = 0;
  StaggeredBuffer kept_;  // theta before the update, then the difference
  AlignedBuffer scratch_;
  // One each: a rank may still read one's sums while others write the next one's.
  GradientNorms weights_, gradients_, updates_;
};

}  // namespace fastdnn
