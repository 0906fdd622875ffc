// Layer normalisation: each row to mean 0 and variance 1 over its features, then scaled and shifted.
//
// Computes   mean[r] and variance over the cols features, dividing by cols
//            rstd[r] = 1 / sqrt(variance + epsilon)
//            forward        y = gamma (x - mean) rstd + beta
//            backward       dx = rstd (h - mean_j h - x^ mean_j (h x^)), or dx + that
//                           with h = gamma dy and x^ = (x - mean) rstd
//            backward_sums  dbeta = sum_r dy;  dgamma = sum_r dy x^, or what was there + that
// Shapes     y, x, dx, dy (rows, cols), cols >= 1 · mean, rstd (rows,) · the rest (cols,)
// Requires   epsilon >= 0 (with 0 a constant row gives NaN); gamma may be null (1), beta too (0); outputs
//            that nobody wants may be null: mean and rstd of forward, dgamma or dbeta of backward_sums;
//            y may be x, dx may be dy or x
// Shares     forward and backward: rows, the same for the same number of rows; backward_sums: columns in
//            whole vectors of 64 bytes, rows are never cut among threads
// Numerics   two passes over a row, sums in 16 (float) or 8 (double) virtual lanes. The row's first element
//            is subtracted first: errors are relative to the spread, whatever the offset, and equal features
//            give y = beta exactly; only the saved mean, which backward reads, is rounded as a number of x's
//            size. backward_sums: chunks of 256 rows, four rows at a time, chunk after chunk.
//            NaN or infinity in a row makes the row NaN.
#pragma once

#include "core/team.h"
#include "isa/table/normalization.h"

namespace fastdnn {

template <class T>
void layer_norm_forward(Team& team, Matrix<T> y, T* mean, T* rstd, Matrix<const T> x, const T* gamma,
                        const T* beta, T epsilon);

template <class T>
void layer_norm_backward(Team& team, const LayerNormGradient<T>& gradient);

template <class T>
void layer_norm_backward_sums(Team& team, T* dgamma, T* dbeta, Matrix<const T> dy, Matrix<const T> x,
                              const T* mean, const T* rstd, bool accumulate);

}  // namespace fastdnn
