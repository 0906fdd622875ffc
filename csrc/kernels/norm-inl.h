// The serial part of the norms, and of the penalties' sums: one chunk.
#pragma once

#include "isa/math.h"

namespace fastdnn {
namespace {

// Elements that are summed side by side, whatever the unit's width: with 512-bit vectors four chains of additions, which
// hide the latency of one.
constexpr int kSumLanes = 32;

// D::kLanes elements as float64.
template <class D, class T>
FASTDNN_INLINE typename D::Vec widened(const T* x) {
  using Narrow = typename VectorTypes<T, D::kLanes* static_cast<int>(sizeof(T))>::Unaligned;
  return __builtin_convertvector(*reinterpret_cast<const Narrow*>(x), typename D::Vec);
}

// Calls body(block) for each 32 elements; the rest comes as a copy that is filled up with zeros.
template <class T, class Body>
FASTDNN_INLINE void for_blocks(const T* x, Index n, const Body& body) {
  for (; n >= kSumLanes; n -= kSumLanes, x += kSumLanes) body(x);
  if (n == 0) return;
  T rest[kSumLanes] = {};
  for (Index i = 0; i < n; ++i) rest[i] = x[i];
  body(static_cast<const T*>(rest));
}

// Lane l takes in lane l + half, until one is left.
template <class D>
FASTDNN_INLINE double lane_sum(const typename D::Vec (&lanes)[kSumLanes / D::kLanes]) {
  double sums[kSumLanes];
  for (int l = 0; l < kSumLanes; ++l) sums[l] = lanes[l / D::kLanes][l % D::kLanes];
  for (int half = kSumLanes / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  return sums[0];
}

// sum of term(x[i]) as float64; term(0) must be 0.
template <class D, class T, class Term>
FASTDNN_INLINE double sum_of(const T* x, Index n, const Term& term) {
  typename D::Vec lanes[kSumLanes / D::kLanes] = {};
  for_blocks(x, n, [&](const T* block) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int v = 0; v < kSumLanes / D::kLanes; ++v) lanes[v] += term(widened<D>(block + v * D::kLanes));
  });
  return lane_sum<D>(lanes);
}

template <class V, class D>
double sum_of_scaled_squares(const typename V::Scalar* x, Index n, double scale) {
  return sum_of<D>(x, n, [scale](typename D::Vec v) __attribute__((always_inline)) {
    const typename D::Vec scaled = v * scale;
    return scaled * scaled;
  });
}

template <class V, class D>
double sum_of_magnitudes(const typename V::Scalar* x, Index n) {
  return sum_of<D>(x, n, [](typename D::Vec v) __attribute__((always_inline)) { return abs<D>(v); });
}

// Without their signs, numbers have the order of their bits, and NaN is above infinity.
template <class V>
double max_abs(const typename V::Scalar* x, Index n) {
  using Int = typename V::Int;
  Int best[2] = {};
  for_blocks(x, n, [&](const typename V::Scalar* block) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int v = 0; v < kSumLanes / V::kLanes; ++v) {
      best[v % 2] = max_of(reinterpret_cast<Int>(abs<V>(V::load(block + v * V::kLanes))), best[v % 2]);
    }
  });
  const Int bits = max_of(best[0], best[1]);
  int largest = 0;
  for (int l = 1; l < V::kLanes; ++l) largest = bits[l] > bits[largest] ? l : largest;
  return static_cast<double>(reinterpret_cast<typename V::Vec>(bits)[largest]);
}

}  // namespace
}  // namespace fastdnn
