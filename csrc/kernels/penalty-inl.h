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

// Which terms there are: at least one of the first two, or the power. With a power, whose cost is all, the
// others are asked for as it goes.
template <bool kL1, bool kL2, bool kPower>
struct PenaltyTerms {
  Penalty given;
  FASTDNN_INLINE bool l1() const { return kL1 && (!kPower || given.l1 != 0); }
  FASTDNN_INLINE bool l2() const { return kL2 && (!kPower || given.l2 != 0); }
  static constexpr bool power() { return kPower; }
};

// The penalty of each of D::kLanes weights; adds their gradients at g, unless that is null.
template <class D, class T, class Terms>
FASTDNN_INLINE typename D::Vec penalty_of(T* g, typename D::Vec w, const Terms& terms) {
  using Vec = typename D::Vec;
  const Penalty& p = terms.given;
  const Vec magnitude = abs<D>(w);
  Vec value{};
  Vec slope{};
  if (terms.l1()) {
    value += p.l1 * magnitude;
    slope += signed_as(w, broadcast<D>(p.l1));
  }
  if (terms.l2()) {
    value += p.l2 * (magnitude * magnitude);
    slope += 2 * p.l2 * w;
  }
  if constexpr (Terms::power()) {
    const Vec power = exp<D>((p.q - 1) * log<D>(magnitude));  // of 0: exp(-infinity) = 0
    value += p.lq * (magnitude * power);
    slope += signed_as(w, p.lq * p.q * power);
  }
  if (g != nullptr) store_narrowed<D>(g, widened<D>(static_cast<const T*>(g)) + slope);
  return value;
}

template <class D, class T, class Terms>
FASTDNN_INLINE void penalty_block(typename D::Vec (&lanes)[kSumLanes / D::kLanes], T* g, const T* w,
                                  const Terms& terms) {
#pragma GCC unroll 8
  for (int v = 0; v < kSumLanes / D::kLanes; ++v) {
    const int at = v * D::kLanes;
    lanes[v] += penalty_of<D>(g == nullptr ? nullptr : g + at, widened<D>(w + at), terms);
  }
}

template <class D, class T, class Terms>
FASTDNN_INLINE double penalty_chunk(T* gradient, const T* w, Index n, const Terms& terms) {
  typename D::Vec lanes[kSumLanes / D::kLanes] = {};
  Index i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    penalty_block<D>(lanes, gradient == nullptr ? nullptr : gradient + i, w + i, terms);
  }
  if (i < n) {  // the rest, filled up with zeros, which have no penalty
    T rest[kSumLanes] = {};
    T slopes[kSumLanes] = {};
    for (Index l = 0; l < n - i; ++l) rest[l] = w[i + l];
    for (Index l = 0; gradient != nullptr && l < n - i; ++l) slopes[l] = gradient[i + l];
    penalty_block<D>(lanes, gradient == nullptr ? nullptr : slopes, rest, terms);
    for (Index l = 0; gradient != nullptr && l < n - i; ++l) gradient[i + l] = slopes[l];
  }
  return lane_sum<D>(lanes);
}

template <class V, class D>
double penalty(typename V::Scalar* gradient, const typename V::Scalar* w, Index n, const Penalty& p) {
  if (p.l2 == 0) return penalty_chunk<D>(gradient, w, n, PenaltyTerms<true, false, false>{p});
  if (p.l1 == 0) return penalty_chunk<D>(gradient, w, n, PenaltyTerms<false, true, false>{p});
  return penalty_chunk<D>(gradient, w, n, PenaltyTerms<true, true, false>{p});
}

template <class V, class D>
double power_penalty(typename V::Scalar* gradient, const typename V::Scalar* w, Index n, const Penalty& p) {
  return penalty_chunk<D>(gradient, w, n, PenaltyTerms<true, true, true>{p});
}

}  // namespace
}  // namespace fastdnn
