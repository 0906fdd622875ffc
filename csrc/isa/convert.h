// Vectors of any element type that users feed, as vectors of float or double. Here vectors have any power of
// two of lanes: the compilers make one of several registers, or use a part of one.
#pragma once

#include "isa/math.h"

namespace fastdnn {
namespace {

// IEEE binary16, by its bits: C++17 has no type for it.
struct Half {
  std::uint16_t bits;
};

// A byte that is true where it is not 0.
struct Bool {
  std::uint8_t bits;
};

// The type that holds the bits of an S in memory, and those that its conversion goes through. From 8 bits to
// a float directly, GCC 12 would convert lane by lane.
template <class... Types>
struct Through {};
template <class S>
struct Conversion {
  using Bits = S;
  using Path = Through<>;
};
template <>
struct Conversion<std::uint8_t> {
  using Bits = std::uint8_t;
  using Path = Through<std::int16_t, std::int32_t>;
};
template <>
struct Conversion<Bool> : Conversion<std::uint8_t> {};
template <>
struct Conversion<std::int8_t> {
  using Bits = std::int8_t;
  using Path = Through<std::int16_t, std::int32_t>;
};
template <>
struct Conversion<std::uint16_t> {
  using Bits = std::uint16_t;
  using Path = Through<std::int32_t>;
};
template <>
struct Conversion<std::int16_t> {
  using Bits = std::int16_t;
  using Path = Through<std::int32_t>;
};
template <>
struct Conversion<Half> {
  using Bits = std::uint16_t;
  using Path = Through<std::int32_t>;
};

template <class T, int K>
using LanesOf = typename VectorTypes<T, K* static_cast<int>(sizeof(T))>::Vec;
template <class T, int K>
using UnalignedLanes = typename VectorTypes<T, K* static_cast<int>(sizeof(T))>::Unaligned;

// By reference: a vector of several registers as an argument is an ABI that Clang warns of, inlined or not.
template <class T, int K, class From>
FASTDNN_INLINE LanesOf<T, K> converted(const From& x, Through<>) {
  return __builtin_convertvector(x, LanesOf<T, K>);
}
template <class T, int K, class From, class Next, class... More>
FASTDNN_INLINE LanesOf<T, K> converted(const From& x, Through<Next, More...>) {
  return converted<T, K>(__builtin_convertvector(x, LanesOf<Next, K>), Through<More...>{});
}

// The bits of binary16 (in integers as wide as T) as numbers: the mantissa moves up, the exponent changes its
// bias. A denormal number is its mantissa in units of 2^-24; that is a product and not a shifted exponent, so
// that it survives where denormal operands count as 0.
template <class T, int K>
FASTDNN_INLINE LanesOf<T, K> from_half(LanesOf<typename IntegerOf<T>::Type, K> half) {
  using Bits = typename IntegerOf<T>::Type;
  using Int = LanesOf<Bits, K>;
  using L = Layout<T>;
  constexpr Bits kInfinity = 0x7c00;
  constexpr Bits kMinNormal = 0x0400;
  constexpr Bits kRebias = (L::kBias - 15) << L::kMantissaBits;
  const Int magnitude = half & 0x7fff;
  Int bits = (magnitude << (L::kMantissaBits - 10)) + kRebias;
  bits += magnitude >= kInfinity ? Int{} + kRebias : Int{};
  const auto small = __builtin_convertvector(magnitude, LanesOf<T, K>) * static_cast<T>(0x1p-24);
  bits = magnitude < kMinNormal ? reinterpret_cast<Int>(small) : bits;
  return reinterpret_cast<LanesOf<T, K>>(bits | (half & 0x8000) << (8 * sizeof(Bits) - 16));
}

// K elements at p, each rounded once to T.
template <class T, int K, class S>
FASTDNN_INLINE LanesOf<T, K> load_as(const S* p) {
  using Bits = typename Conversion<S>::Bits;
  const LanesOf<Bits, K> x = *reinterpret_cast<const UnalignedLanes<Bits, K>*>(p);
  using Path = typename Conversion<S>::Path;
  if constexpr (__is_same(S, Half)) {
    return from_half<T, K>(converted<typename IntegerOf<T>::Type, K>(x, Path{}));
  } else if constexpr (__is_same(S, Bool)) {
    const LanesOf<Bits, K> one = reinterpret_cast<LanesOf<Bits, K>>(x != 0) & 1;
    return converted<T, K>(one, Path{});
  } else {
    return converted<T, K>(x, Path{});
  }
}

}  // namespace
}  // namespace fastdnn
