// Losses that are a sum over the outputs of each row, each output by itself,
// with their gradient in the same pass.
//
// Computes   row_loss[r] = sum_j f(y[r][j], t[r][j]) / divisor
//            dy[r][j] = scale w[r] f'(y[r][j], t[r][j]) / divisor, f' the derivative in y
//            squared_error   d^2 of d = y - t
//            absolute_error  |d|; f' = 0 at d = 0
//            huber           d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2); delta = parameter
//            log_cosh        log cosh d
//            binary_cross_entropy              of logits: log(1 + exp y) - t y
//            binary_probability_cross_entropy  -t log q - (1 - t) log(1 - q), q = y clipped to
//                                              1e-7 .. 1 - 1e-7; f' = 0 where it was clipped
//                            In both, t is smoothed first: t (1 - parameter) + parameter / 2.
//            kl_divergence   t' log(t' / y'), both clipped to 1e-7 .. 1; f' = 0 where y was clipped
//            hinge           max(1 - t' y, 0), t' = -1 where t = 0, else t; f' = 0 at the kink
//            squared_hinge   the square of that
// Shapes     row_loss (rows,) · dy, y, t (rows, cols) · w (rows,) or null, then 1
// Requires   divisor: cols for the mean over the outputs, 1 for the sum, twice that for half of it; dy may be
//            empty (data null), then only the loss is computed, or be y itself
// Shares     rows, the same for the same number of rows
// Numerics   sums in 16 (float) or 8 (double) virtual lanes; row_loss has no weight. NaN in y or t makes the
//            row's loss NaN, in y that element's gradient, too. No finite input overflows within but in a
//            square. Each f and f' is good to a few roundings of itself, also where it is nearly 0, but for
//            f of kl_divergence and f' of the binary ones at soft targets: these are differences of two terms, and
//            good to a few roundings of the larger
#pragma once

#include "core/team.h"
#include "isa/table/loss.h"

namespace fastdnn {

template <class T>
void elementwise_loss(Team& team, ElementwiseLoss loss, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                      Matrix<const T> target, const T* weights, T scale, T divisor, T parameter = 0);

}  // namespace fastdnn
