// The serial part of penalty: one chunk.
#pragma once

#include "isa/math.h"
#include "isa/table.h"
#include "kernels/norm-inl.h"

namespace fastdnn {
namespace {

template <class D, class T>
FASTDNN_INLINE void store_narrowed(T* p, typename D::Vec x) {
  using Types = VectorTypes<T, D::kLanes* static_cast<int>(sizeof(T))>;
  *reinterpret_cast<typename Types::Unaligned*>(p) = __builtin_convertvector(x, typename Types::Vec);
}

// |x| with the sign of w, 0 for 0, NaN for NaN.
template <class Vec>
FASTDNN_INLINE Vec signed_as(Vec w, Vec x) {
  return w > Vec{} ? x : (w < Vec{} ? -x : w);
}

// The penalty of each of D::kLanes weights; adds their gradients at g, unless that is null.
template <class D, bool kPower, class T>
FASTDNN_INLINE typename D::Vec penalty_of(T* g, typename D::Vec w, const Penalty& terms) {
  using Vec = typename D::Vec;
  const Vec magnitude = abs<D>(w);
  Vec value{};
  Vec slope{};
  if (terms.l1 != 0) {
    value += terms.l1 * magnitude;
    slope += signed_as(w, broadcast<D>(terms.l1));
  }
  if (terms.l2 != 0) {
    value += terms.l2 * (magnitude * magnitude);
    slope += 2 * terms.l2 * w;
  }
  if constexpr (kPower) {
    const Vec power = exp<D>((terms.q - 1) * log<D>(magnitude));  // of 0: exp(-infinity) = 0
    value += terms.lq * (magnitude * power);
    slope += signed_as(w, terms.lq * terms.q * power);
  }
  if (g != nullptr) store_narrowed<D>(g, widened<D>(static_cast<const T*>(g)) + slope);
  return value;
}

template <class D, bool kPower, class T>
FASTDNN_INLINE void penalty_block(typename D::Vec (&lanes)[kSumLanes / D::kLanes], T* g, const T* w,
                                  const Penalty& terms) {
#pragma GCC unroll 8
  for (int v = 0; v < kSumLanes / D::kLanes; ++v) {
    const int at = v * D::kLanes;
    lanes[v] += penalty_of<D, kPower>(g == nullptr ? nullptr : g + at, widened<D>(w + at), terms);
  }
}

template <class V, class D, bool kPower>
double penalty(typename V::Scalar* gradient, const typename V::Scalar* w, Index n, const Penalty& given) {
  using T = typename V::Scalar;
  const Penalty terms = given;  // a copy: the stores below cannot change it
  typename D::Vec lanes[kSumLanes / D::kLanes] = {};
  Index i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    penalty_block<D, kPower>(lanes, gradient == nullptr ? nullptr : gradient + i, w + i, terms);
  }
  if (i < n) {  // the rest, filled up with zeros, which have no penalty
    T rest[kSumLanes] = {};
    T slopes[kSumLanes] = {};
    for (Index l = 0; l < n - i; ++l) rest[l] = w[i + l];
    for (Index l = 0; gradient != nullptr && l < n - i; ++l) slopes[l] = gradient[i + l];
    penalty_block<D, kPower>(lanes, gradient == nullptr ? nullptr : slopes, rest, terms);
    for (Index l = 0; gradient != nullptr && l < n - i; ++l) gradient[i + l] = slopes[l];
  }
  return lane_sum<D>(lanes);
}

}  // namespace
}  // namespace fastdnn
