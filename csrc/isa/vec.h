// The vocabulary of the SIMD text: what a vector type must offer, and the helpers built on that alone.
//
// A kernel text is a template over V, one of the vector types of isa/<unit>.h:
//   V::Scalar, V::Vec, V::Int     element; vector of kLanes elements; vector of integers of the same width
//   V::load/store(p[, x])         whole vectors, any alignment
//   V::Mask, V::first(n)          which elements of a tail are covered: the first n, 0 < n < kLanes
//   V::load_n/store_n(p, [x,] m)  the covered elements; the rest reads as 0 and is not touched
//   V::fma(a, b, c)               a * b + c, in one rounding where the unit has the instruction
//   V::sqrt(a)
//   V::kOwnMath                   whether the unit has instructions of its own for clamp and times_power_of_two
//                                 of isa/math_layout.h; then V::clamp(x, low, high) and V::scale(x, n)
//   V::Wide                       vector of 64-bit unsigned integers, whatever the element
//   V::multiply_low(a, b)         the products of the low halves of its lanes
//
// Arithmetic, comparison and selection (`mask ? a : b`) are the compilers' vector extensions.
//
// Everything of the SIMD text is in anonymous namespaces: an inline function that two instruction sets shared
// would be an illegal instruction waiting for its link order.
// These files include each other and nothing with code in it.
#pragma once

#include <cstddef>

#include "core/view.h"

namespace fastdnn {
namespace {

template <class T, int Bytes>
struct VectorTypes {
  typedef T Vec __attribute__((vector_size(Bytes)));
  typedef T Unaligned __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
};

template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using Type = std::int32_t;
};
template <>
struct IntegerOf<double> {
  using Type = std::int64_t;
};

// The register tiles of a unit's gemm: how many rows one of 1, 2, ... vectors has.
template <int... kRows>
struct Rows {};

template <class V>
FASTDNN_INLINE typename V::Vec broadcast(typename V::Scalar s) {
  return s - typename V::Vec{};  // s - 0 is s for every s; s + 0 would lose the sign of -0
}

// The larger; the second one where the first is NaN.
template <class Vec>
FASTDNN_INLINE Vec max_of(Vec a, Vec b) {
  return a > b ? a : b;
}

// How much of a vector an access covers: all of it, or the first n elements at the end of a row. A text
// written over one of these serves body and tail.
template <class V>
struct Whole {
  using Vec = typename V::Vec;
  static FASTDNN_INLINE constexpr int count() { return V::kLanes; }
  static FASTDNN_INLINE Vec load(const typename V::Scalar* p) { return V::load(p); }
  static FASTDNN_INLINE void store(typename V::Scalar* p, Vec x) { V::store(p, x); }
  static FASTDNN_INLINE Vec select(Vec x, Vec) { return x; }
};

template <class V>
struct Part {
  using Vec = typename V::Vec;
  int n;
  typename V::Mask mask;
  FASTDNN_INLINE explicit Part(int covered) : n(covered), mask(V::first(covered)) {}
  FASTDNN_INLINE int count() const { return n; }
  FASTDNN_INLINE Vec load(const typename V::Scalar* p) const { return V::load_n(p, mask); }
  FASTDNN_INLINE void store(typename V::Scalar* p, Vec x) const { V::store_n(p, x, mask); }
  // x in the covered elements, `other` in the rest.
  FASTDNN_INLINE Vec select(Vec x, Vec other) const {
    typename V::Int lane{};
    for (int i = 0; i < V::kLanes; ++i) lane[i] = i;
    return lane < n ? x : other;
  }
};

// Calls body(i, Whole) for each whole vector of 0..n-1 and body(i, Part) for the tail, if any.
template <class V, class Body>
FASTDNN_INLINE void for_vectors(Index n, const Body& body) {
  Index i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) body(i, Whole<V>{});
  if (i < n) body(i, Part<V>(static_cast<int>(n - i)));
}

template <std::size_t... kIndex>
struct Lanes {};
template <std::size_t kCount, std::size_t... kIndex>
struct LanesBelow : LanesBelow<kCount - 1, kCount - 1, kIndex...> {};
template <std::size_t... kIndex>
struct LanesBelow<0, kIndex...> {
  using Type = Lanes<kIndex...>;
};

// Lane l of the result is lane index[l] of a and b laid end to end.
template <class V, std::size_t... kIndex>
FASTDNN_INLINE typename V::Vec shuffle(typename V::Vec a, typename V::Vec b) {
#if __has_builtin(__builtin_shufflevector)  // Clang, and GCC from 12 on
  return __builtin_shufflevector(a, b, kIndex...);
#else
  return __builtin_shuffle(a, b, typename V::Int{kIndex...});
#endif
}

template <class V, std::size_t kStep, std::size_t... l>
FASTDNN_INLINE typename V::Vec lanes_from(typename V::Vec x, Lanes<l...>) {
  return shuffle<V, (l + kStep)...>(x, x);
}

// Lane l takes in lane l + half by `combine`, for half = kLanes / 2, ..., 1: lane 0 ends with all of them.
template <class V, int kHalf = V::kLanes / 2, class Combine>
FASTDNN_INLINE typename V::Scalar fold(typename V::Vec x, const Combine& combine) {
  x = combine(x, lanes_from<V, kHalf>(x, typename LanesBelow<V::kLanes>::Type{}));
  if constexpr (kHalf > 1) return fold<V, kHalf / 2>(x, combine);
  return x[0];
}

struct Plus {
  template <class Vec>
  FASTDNN_INLINE Vec operator()(Vec a, Vec b) const {
    return a + b;
  }
};
struct Max {
  template <class Vec>
  FASTDNN_INLINE Vec operator()(Vec a, Vec b) const {
    return max_of(b, a);
  }
};

// The number of a vector within 64 bytes, where the compiler must know it.
template <int k>
struct Slot {};

// Sums a row in 64 bytes' worth of virtual lanes: 16 floats or 8 doubles, whatever the width of the unit,
// combined in one fixed tree. So the sum's bits do not depend on the vector width.
template <class V>
class VirtualLanes {
 public:
  static constexpr int kCount = 64 / static_cast<int>(sizeof(typename V::Scalar));
  static constexpr int kVectors = kCount / V::kLanes;

  FASTDNN_INLINE void add(Index i, typename V::Vec x) { lanes_[i / V::kLanes % kVectors] += x; }
  // For the slots of for_slots: so the lanes stay in registers.
  template <int k>
  FASTDNN_INLINE void add(Slot<k>, typename V::Vec x) {
    lanes_[k] += x;
  }

  // Lane l takes in lane l + half, until one vector is left, or one lane.
  FASTDNN_INLINE typename V::Vec vector() const {
    if constexpr (kVectors == 2) return lanes_[0] + lanes_[1];
    if constexpr (kVectors == 4) return (lanes_[0] + lanes_[2]) + (lanes_[1] + lanes_[3]);
    return lanes_[0];
  }
  FASTDNN_INLINE typename V::Scalar total() const { return fold<V>(vector(), Plus{}); }

 private:
  typename V::Vec lanes_[kVectors] = {};
};

// The vectors from slot k on that lie within 0..n-1; whole 64 bytes are known to do so.
template <class V, bool kWhole, int k = 0, class Body>
FASTDNN_INLINE void for_slots_from(Index i, Index n, const Body& body) {
  constexpr bool kLast = k + 1 == VirtualLanes<V>::kVectors;
  if constexpr (!kWhole) {
    if (i >= n) return;
    if (kLast || n - i < V::kLanes) return body(i, Slot<k>{}, Part<V>(static_cast<int>(n - i)));
  }
  body(i, Slot<k>{}, Whole<V>{});
  if constexpr (!kLast) for_slots_from<V, kWhole, k + 1>(i + V::kLanes, n, body);
}

// As for_vectors, for bodies that sum in virtual lanes: body(i, slot, cover).
template <class V, class Body>
FASTDNN_INLINE void for_slots(Index n, const Body& body) {
  constexpr int kCount = VirtualLanes<V>::kCount;
  Index i = 0;
  for (; i + kCount <= n; i += kCount) for_slots_from<V, true>(i, n, body);
  if (i < n) for_slots_from<V, false>(i, n, body);
}

template <class V>
FASTDNN_INLINE typename V::Scalar max_lane(typename V::Vec x) {
  return fold<V>(x, Max{});
}

}  // namespace
}  // namespace fastdnn
