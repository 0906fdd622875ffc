// The serial kernels of the optimisers' updates. See kernels/update.h, max_norm.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// What happens to every element beside the optimiser's rule; all of it off by default. In this order:
struct UpdateOptions {
  double gradient_scale = 1;            // g = scale g: the factor of clipping by the global norm
  double clip_value = __builtin_inf();  // g = min(max(g, -clip_value), clip_value)
  double l2 = 0;                        // g = g + l2 theta: L2, or coupled weight decay
  double l1 = 0;                        // g = g + l1 sign(theta)
  double weight_decay = 0;              // theta = theta - alpha weight_decay theta: decoupled, as in AdamW
  double proximal_l1 = 0;               // after the rule: |theta| less alpha proximal_l1, or exactly 0
};

// The scalars of one step of each optimiser; kernels/update.h says what they do and makes them.
struct SgdStep {
  double learning_rate;
  double rho, gain;                     // of the velocity
  double from_velocity, from_gradient;  // weights in the step; the second is 0 without look-ahead
};
struct AdagradStep {
  double learning_rate;
  double epsilon_inside, epsilon_outside;  // of the root; one of them is 0
};
struct AdadeltaStep {
  double learning_rate;
  double rho, epsilon;
};
struct RmspropStep {
  double learning_rate;
  double rho;
  double epsilon_inside, epsilon_outside;
  double momentum, gain;  // of the velocity; without one, gain is what the step takes
  double from_velocity;
};
struct AdamStep {
  double learning_rate;
  double beta_1, beta_2;
  double epsilon_inside, epsilon_outside;
  double from_m, from_gradient;  // weights in the step; the second is NAdam's only
};
struct LionStep {
  double learning_rate;
  double beta_1, beta_2;
};

// theta (n,) and the optimiser's state vectors (n,) are written, in the order of kernels/update.h.
template <class T, class Step>
using UpdateKernel = void (*)(T* theta, T* const* states, const T* gradient, Index n, const Step& step,
                              const UpdateOptions& options);

template <class T>
struct UpdateKernels {
  UpdateKernel<T, SgdStep> sgd_update;
  UpdateKernel<T, AdagradStep> adagrad_update;
  UpdateKernel<T, AdadeltaStep> adadelta_update;
  UpdateKernel<T, RmspropStep> rmsprop_update;
  UpdateKernel<T, AdamStep> adam_update;
  UpdateKernel<T, AdamStep> nadam_update;
  UpdateKernel<T, AdamStep> amsgrad_update;
  UpdateKernel<T, LionStep> lion_update;
  void (*max_norm_columns)(Matrix<T> w, T limit);
  void (*max_norm_rows)(Matrix<T> w, T limit);
};

}  // namespace fastdnn
