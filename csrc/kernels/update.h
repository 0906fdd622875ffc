// The optimisers' updates, one pass over a range of the flat parameters.
//
// Computes   sgd   v = rho v + g; theta = theta - alpha v, or with Nesterov's look-ahead theta - alpha (g +
// rho v);
//                  without velocity (null) theta - alpha g
//            adam  m = beta_1 m + (1 - beta_1) g; v = beta_2 v + (1 - beta_2) g^2;
//                  theta = theta - alpha m / (sqrt(v) + epsilon)
//            Bias correction is in the scalars: alpha and epsilon of a step already carry it (see adam_step).
// Shapes     theta, velocity, m, v, gradient (n,)
// Requires   no overlap
// Shares     by the caller: elements are independent
// Numerics   own type; the step's scalars are computed in double and rounded once
#pragma once

#include "isa/table.h"

namespace fastdnn {

template <class T>
void sgd_update(T* theta, T* velocity, const T* gradient, Index n, const SgdStep& step) {
  kernels<T>().sgd_update(theta, velocity, gradient, n, step);
}

template <class T>
void adam_update(T* theta, T* m, T* v, const T* gradient, Index n, const AdamStep& step) {
  kernels<T>().adam_update(theta, m, v, gradient, n, step);
}

// The scalars of Adam's step t (from 1): with c = sqrt(1 - beta_2^t) the update
// alpha (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)  is  alpha c / (1 - beta_1^t) m /
// (sqrt(v) + epsilon c).
AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t);

}  // namespace fastdnn
