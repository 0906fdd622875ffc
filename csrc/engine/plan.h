// How a program runs natively: fused steps in order, the barriers between them, and the arena. Immutable;
// made for a largest batch, run for any smaller one.
#pragma once

#include <vector>

#include "engine/parameters.h"
#include "engine/step.h"

namespace fastdnn {

// Steps first .. last - 1 of a plan, which one parallel region runs. Then step `last` is a call, or they end.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
  bool calls = false;
};

class Plan {
 public:
  Plan(Program program, const Parameters& parameters, Index max_batch);

  const Program& program() const { return program_; }
  Dtype dtype() const { return dtype_; }
  Index max_batch() const { return max_batch_; }
  const std::vector<Value>& values() const { return values_; }  // the program's, then what only the plan has
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<Step>& updates() const { return updates_; }      // of states, when a step is kept
  const std::vector<Step>& observers() const { return observers_; }  // calls, once a step is kept
  const std::vector<Step>& watches() const { return watches_; }  // what a sampled step looks at (sampler.h)
  // The steps cut at the calls: one stretch where there are none.
  const std::vector<Stretch>& stretches() const { return stretches_; }
  bool calls() const { return stretches_.size() > 1 || !observers_.empty(); }
  Index arena_bytes() const { return arena_bytes_; }
  Index scratch_bytes() const { return scratch_bytes_; }  // of each thread
  // Segments of theta whose gradient the program writes.
  const std::vector<int>& gradient_segments() const { return gradient_segments_; }
  Index flops(Index n) const;  // of products, with n rows; passes over tables as so many
  // How many threads have something worth a barrier to do with n rows, `runs` times in one region; and, as the
  // region has to begin, something worth waking them, or, where they are `warm`, worth calling them.
  Index useful_threads(Index n, Index runs, bool warm = false) const;

 private:
  friend class PlanBuilder;

  Program program_;
  Dtype dtype_;
  Index max_batch_;
  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::vector<Step> updates_;
  std::vector<Step> observers_;
  std::vector<Step> watches_;
  std::vector<Stretch> stretches_;
  Index arena_bytes_ = 0;
  Index scratch_bytes_ = 0;
  Index flops_per_row_ = 0;
  Index elements_ = 0;  // of tables that steps go over, whatever the rows
  Index phases_ = 1;    // barriers and one
  std::vector<int> gradient_segments_;
};

}  // namespace fastdnn
