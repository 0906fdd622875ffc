// The serial part of sum_of_squares.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Sums of this many interleaved series hide the latency of an addition, and are four registers of avx512.
constexpr int kSquareLanes = 32;

template <class V>
struct SquareLanes {
  static constexpr int kWide = V::kBytes / 8;
  static constexpr int kVectors = kSquareLanes / kWide;
  typename V::Wide sums[kVectors] = {};

  // Not V::fma: so the bits are the same on every unit.
  FASTDNN_INLINE void add(const typename V::Scalar* x) {
#pragma GCC unroll 16
    for (int k = 0; k < kVectors; ++k) {
      const typename V::Wide wide = V::load_wide(x + k * kWide);
      sums[k] += wide * wide;
    }
  }
  // Lane l takes in lane l + half, until one is left.
  FASTDNN_INLINE double total() const {
    double lanes[kSquareLanes];
    for (int l = 0; l < kSquareLanes; ++l) lanes[l] = sums[l / kWide][l % kWide];
    for (int half = kSquareLanes / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    }
    return lanes[0];
  }
};

template <class V>
double sum_of_squares(const typename V::Scalar* x, Index n) {
  SquareLanes<V> lanes;
  Index i = 0;
  for (; i + kSquareLanes <= n; i += kSquareLanes) lanes.add(x + i);
  if (i < n) {  // the rest, and zeros
    typename V::Scalar rest[kSquareLanes] = {};
    for (Index l = 0; l < n - i; ++l) rest[l] = x[i + l];
    lanes.add(rest);
  }
  return lanes.total();
}

}  // namespace
}  // namespace fastdnn
