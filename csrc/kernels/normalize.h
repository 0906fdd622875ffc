// Standardisation of the features by stored figures.
//
// Computes   normalize_forward   y = (x - mean) / std
//            normalize_backward  dx = dy / std, or dx + that
// Shapes     y, x, dx, dy (rows, cols) · mean, std (cols,)
// Requires   std != 0 (a constant feature has std 1); outputs may be the inputs themselves
// Shares     rows, the same for the same number of rows
// Numerics   one subtraction and one division, each rounded: the bits of NumPy's expression in the same type
#pragma once

#include "core/team.h"

namespace fastdnn {

template <class T>
void normalize_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* mean, const T* std);

template <class T>
void normalize_backward(Team& team, Matrix<T> dx, Matrix<const T> dy, const T* std, bool accumulate);

}  // namespace fastdnn
