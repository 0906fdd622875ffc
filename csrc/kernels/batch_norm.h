// Batch normalisation: each column to mean 0 and variance 1 over the batch, then scaled and shifted.
//
// Computes   mean[j], variance[j]  over the m rows, variance dividing by m
//            rstd = 1 / sqrt(variance + epsilon)
//            forward    y = gamma (x - mean) rstd + beta, with `relu` max(0, that)
//            running    running = momentum running + (1 - momentum) of the batch
//            fold       scale = gamma / sqrt(running_variance + epsilon)
//                       shift = beta - running_mean scale
//            inference  y = x scale + shift, with `relu` max(0, that)
//            inference_backward  dx = g scale, or dx + that: of a layer that is frozen
//            backward   dbeta = sum g;  dgamma = sum g x^
//                       dx = gamma rstd (g - dbeta / m - x^ dgamma / m), or dx + that
//                       with x^ = (x - mean) rstd, and g = dy, or 0 where y <= 0 if relu was fused
// Shapes     y, x, dx, dy (m, cols) · the rest (cols,) · partial (2 ceil(m / 128), cols)
// Requires   m >= 1 for the moments and their gradients; epsilon >= 0 (with 0 a constant column gives NaN);
//            gamma may be null (1), beta too (0); y of a backward kernel is empty (data null) where no relu
//            was fused; y may be x in forward and inference, dx may be dy or x
// Shares     in phases, so that a plan may place the barriers and put other work between them:
//              partials -> | -> moments -> | -> forward
//              backward_partials -> | -> backward_sums -> | -> backward
//            partials are cut by chunks of 128 rows and columns of 64 bytes, moments and sums by columns,
//            forward and backward by rows like every row-local operation. running, by columns, any time
//            after moments: when the step is known to be kept
// Numerics   moments of 16 rows in two passes, joined in pairs to those of chunks of 128 rows, and these
//            again, in a tree fixed by m, by the formula of Chan, Golub & LeVeque ("Updating formulae and a
//            pairwise algorithm for computing sample variances", 1979): the same bits for any cut. Row 0 is
//            subtracted from all rows first: the errors of the variance are relative to the spread, whatever
//            the offset, and equal rows (or one row) give variance 0 and y = beta exactly. An offset costs
//            what rounding the mean costs, eps |mean|. NaN or infinity makes variance, rstd and y of its
//            column NaN, and of no other. No overflow while the sum of (x - x[0])^2 is finite.
//
// Saved for backward are x, mean and rstd: x^ from y would divide by gamma, which may be 0, and a fused relu
// has cut y off. dgamma and dbeta are always those of this call, since dx needs them; who accumulates adds
// them (pass_gradient). Of a frozen layer with trained gamma and beta the sums come from the same kernels,
// with running_mean and, as rstd, the scale of a fold without gamma.
#pragma once

#include "core/team.h"
#include "isa/table/normalization.h"

namespace fastdnn {

// Rows of `partial` for a batch of these rows.
constexpr Index batch_norm_partial_rows(Index rows) {
  return (rows + kBatchNormChunk - 1) / kBatchNormChunk * 2;
}

template <class T>
void batch_norm_partials(Team& team, Matrix<T> partial, Matrix<const T> x);

// partial is used up.
template <class T>
void batch_norm_moments(Team& team, T* mean, T* variance, T* rstd, Matrix<T> partial, Matrix<const T> x,
                        T epsilon);

template <class T>
void batch_norm_running(Team& team, T* running_mean, T* running_variance, const T* mean, const T* variance,
                        Index cols, double momentum);

template <class T>
void batch_norm_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* mean, const T* rstd,
                        const T* gamma, const T* beta, bool relu);

template <class T>
void batch_norm_fold(Team& team, T* scale, T* shift, const T* gamma, const T* beta, const T* running_mean,
                     const T* running_variance, Index cols, T epsilon);

template <class T>
void batch_norm_inference(Team& team, Matrix<T> y, Matrix<const T> x, const T* scale, const T* shift,
                          bool relu);

template <class T>
void batch_norm_inference_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy,
                                   const T* scale, bool accumulate);

template <class T>
void batch_norm_backward_partials(Team& team, Matrix<T> partial, Matrix<const T> y, Matrix<const T> dy,
                                  Matrix<const T> x, const T* mean);

// partial is used up.
template <class T>
void batch_norm_backward_sums(Team& team, T* dgamma, T* dbeta, Matrix<T> partial, const T* rstd);

template <class T>
void batch_norm_backward(Team& team, const BatchNormGradient<T>& gradient);

}  // namespace fastdnn
