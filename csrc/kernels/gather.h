// The rows of a mini-batch, in the order of the epoch's permutation.
//
// Computes   gather           y[r] = x[order[r]]
//            gather_features  y[r][j] = (x[order[r]][j] - mean[j]) / std[j] * scale, x of any element type
// Returns    gather_features: whether all of this thread's rows of y are finite
// Shapes     y (rows, cols) · x (any, cols) · order (rows,) int32 · mean, std (cols,) or null, then left out
// Requires   0 <= order[r] < x.rows; y does not overlap x, mean or std. x of gather_features may have any
//            strides between its rows and columns, negative ones, too; elements lie on their own alignment
// Shares     rows of y, the same for the same number of rows
// Numerics   gather: exact. gather_features: x is rounded once to y's type (exact: float16, float32, integers
//            up to 2^24 for float, 2^53 for double), then come the three operations in y's type: the bits of
//            the same NumPy expression. A quotient stays one, so that a column divides as it does in NumPy
//            and in normalize; 1 / 255 and the like go into scale. NaN, infinities and what overflows are
//            there in y and in what is returned
#pragma once

#include "core/team.h"
#include "isa/table/data.h"

namespace fastdnn {

// Bytes of an element.
Index item_bytes(SourceType type);

template <class T>
void gather(Team& team, Matrix<T> y, Matrix<const T> x, const std::int32_t* order);

template <class T>
bool gather_features(Team& team, Matrix<T> y, const Source& x, const std::int32_t* order,
                     const Scaling<T>& scaling);

}  // namespace fastdnn
