// Figures of what a layer gives for a batch: for those who watch a training.
//
// Computes   of all elements: mean, standard deviation, least, largest, the shares that are 0 and that lie
//            outside of [low, high]; of the columns: the share in which every row is 0; and a histogram: shares
//            of equal parts of [least, largest]
// Shapes     figures (kActivityFigures,) in this order · scratch (kActivityScratch cols,) · x (rows, cols)
// Requires   rows, cols >= 1; no NaN in low and high
// Shares     nothing: one thread does one matrix, so the bits do not depend on how many there are
// Numerics   differences to the first row of each 256, summed in the type of x down the columns, in float64
//            beyond, and where their squares are too large for the type; the same bits in every unit. The histogram is of the first element and each k-th row after
//            it, of which at most kActivitySeen elements are looked at, or one row. Where NaN or infinity is
//            in x it is in the figures, and the histogram is NaN
#pragma once

#include "core/view.h"

namespace fastdnn {

constexpr int kActivityBins = 16;
constexpr int kActivityFigures = 7 + kActivityBins;
constexpr Index kActivityScratch = 7;
constexpr Index kActivitySeen = 4096;

template <class T>
void activity(double* figures, T* scratch, Matrix<const T> x, T low, T high);

}  // namespace fastdnn
