// The serial kernels of the optimisers' updates. See kernels/update.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// The scalars of one optimiser step.
struct SgdStep {
  double alpha, momentum;
  bool nesterov;
};
struct AdamStep {
  double alpha, beta_1, beta_2, epsilon;
};

template <class T>
struct UpdateKernels {
  void (*sgd_update)(T* theta, T* velocity, const T* gradient, Index n, const SgdStep& step);
  void (*adam_update)(T* theta, T* m, T* v, const T* gradient, Index n, const AdamStep& step);
};

}  // namespace fastdnn
