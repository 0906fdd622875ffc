// The norms of the segments of a gradient, for clipping: the bits are the same for any number of threads.
#pragma once

#include <vector>

#include "core/team.h"
#include "engine/parameters.h"

namespace fastdnn {

class GradientNorms {
 public:
  explicit GradientNorms(const FlatVector& theta);

  // The team's: sums the squares of these segments in chunks, which the threads share. One barrier.
  template <class T>
  void measure(Team& team, const T* gradient, const std::vector<int>& segments);

  // The team's, once for each segment after `measure`: its norm, also where the squares of float64 overflow or
  // underflow, which costs barriers.
  template <class T>
  double norm(Team& team, const T* gradient, int segment) const;

  // The same of all these segments together.
  template <class T>
  double global_norm(Team& team, const T* gradient, const std::vector<int>& segments) const;

 private:
  double* partials(int segment) const;

  const FlatVector& theta_;
  std::vector<Index> first_;  // of each segment, in partials_
  AlignedBuffer partials_;    // float64
};

}  // namespace fastdnn
