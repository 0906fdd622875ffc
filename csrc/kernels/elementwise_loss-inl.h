// The serial part of the elementwise losses: one loop, and for each loss the function of one element.
#pragma once

#include "isa/math.h"
#include "isa/table/loss.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// f(y, t) and its derivative in y.
template <class V>
struct LossAndSlope {
  typename V::Vec loss, slope;
};

// 0, or NaN where x is.
template <class Vec>
FASTDNN_INLINE Vec zero_like(Vec x) {
  return x == x ? Vec{} : x;
}

template <class V>
struct SquaredError {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit SquaredError(typename V::Scalar) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec d = y - t;
    return {d * d, d + d};
  }
};

template <class V>
struct AbsoluteError {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit AbsoluteError(typename V::Scalar) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec d = y - t;
    const Vec one = broadcast<V>(1);
    return {abs<V>(d), d > Vec{} ? one : d < Vec{} ? -one : d};
  }
};

template <class V>
struct Huber {
  using Vec = typename V::Vec;
  Vec delta;
  FASTDNN_INLINE explicit Huber(typename V::Scalar parameter) : delta(broadcast<V>(parameter)) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec d = y - t;
    Vec slope = d > delta ? delta : d;
    slope = slope < -delta ? -delta : slope;
    return {slope * (d - slope / 2), slope};  // d^2 / 2, or delta (|d| - delta / 2)
  }
};

// With q = exp(-2 |d|) - 1: tanh |d| = -q / (2 + q), and
//   log cosh d = -log(1 - tanh^2 d) / 2, where nothing cancels for small d,
//   log cosh d = |d| + log(1 + q / 2), where nothing overflows for large d.
// At 0.7 both lose the same: 1 / 0.23 of the errors of q and log1p here, the slope 1.3 of log1p there.
template <class V>
struct LogCosh {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit LogCosh(typename V::Scalar) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec d = y - t;
    const Vec size = abs<V>(d);
    const Vec q = expm1<V>(-2 * size);
    const Vec slope = -q / (2 + q);
    const auto small = size < broadcast<V>(static_cast<typename V::Scalar>(0.7));
    const Vec log = log1p<V>(small ? -slope * slope : q / 2);
    return {small ? log / -2 : size + log, d < Vec{} ? -slope : slope};
  }
};

// Both binary losses look at the unlikely one of the two classes, the one that y votes against: s is its
// target, p its probability. So nothing cancels where a confident y is right. t is smoothed towards 1/2.
template <class V>
struct BinaryCrossEntropy {
  using Vec = typename V::Vec;
  Vec keep, offset;
  FASTDNN_INLINE explicit BinaryCrossEntropy(typename V::Scalar smoothing)
      : keep(broadcast<V>(1 - smoothing)), offset(broadcast<V>(smoothing / 2)) {}

  // Of logits: p = e / (1 + e) for e = exp(-|z|); the loss |z| s + log(1 + e) has the slope s - p in |z|.
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec z, Vec t) const {
    const auto positive = z > Vec{};
    const Vec smoothed = t * keep + offset;
    const Vec s = positive ? 1 - smoothed : smoothed;
    const Vec size = abs<V>(z);
    const Vec e = exp<V>(-size);
    const Vec distance = s == Vec{} ? Vec{} : size * s;  // 0 of infinity is 0
    const Vec difference = e / (1 + e) - s;
    return {distance + log1p<V>(e), positive ? -difference : difference};
  }
};

// Of probabilities: p <= 1/2 is y or, exactly, 1 - y, clipped below.
template <class V>
struct BinaryProbabilityCrossEntropy : BinaryCrossEntropy<V> {
  using Vec = typename V::Vec;
  using BinaryCrossEntropy<V>::BinaryCrossEntropy;
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec low = broadcast<V>(static_cast<typename V::Scalar>(kLowestProbability));
    const auto likely = y > broadcast<V>(static_cast<typename V::Scalar>(0.5));
    const Vec smoothed = t * this->keep + this->offset;
    const Vec s = likely ? 1 - smoothed : smoothed;
    const Vec own = likely ? 1 - y : y;
    const Vec p = own < low ? low : own;
    const Vec loss = -(s * log<V>(p) + (1 - s) * log1p<V>(-p));
    const Vec slope = own < low ? Vec{} : (p - s) / (p * (1 - p));
    return {loss, likely ? -slope : slope};
  }
};

template <class V>
struct KlDivergence {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit KlDivergence(typename V::Scalar) {}
  static FASTDNN_INLINE Vec clipped(Vec x) {
    const Vec low = broadcast<V>(static_cast<typename V::Scalar>(kLowestProbability));
    x = x < low ? low : x;
    return x > broadcast<V>(1) ? broadcast<V>(1) : x;
  }
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec wanted = clipped(t);
    const Vec bounded = clipped(y);
    const Vec ratio = wanted / bounded;
    return {wanted * log<V>(ratio), bounded == y ? -ratio : zero_like(y)};
  }
};

template <class V>
struct Hinge {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit Hinge(typename V::Scalar) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const Vec sign = t == Vec{} ? broadcast<V>(-1) : t;
    const Vec margin = 1 - sign * y;
    return {margin < Vec{} ? Vec{} : margin, margin > Vec{} ? -sign : zero_like(margin)};
  }
};

template <class V>
struct SquaredHinge {
  using Vec = typename V::Vec;
  FASTDNN_INLINE explicit SquaredHinge(typename V::Scalar) {}
  FASTDNN_INLINE LossAndSlope<V> operator()(Vec y, Vec t) const {
    const LossAndSlope<V> hinge = Hinge<V>(0)(y, t);
    return {hinge.loss * hinge.loss, 2 * hinge.loss * hinge.slope};
  }
};

// Rows of one output are one column, which lies in whole vectors; the same bits as row by row.
template <class V, class Loss>
FASTDNN_INLINE void column_loss(typename V::Scalar* row_loss, typename V::Scalar* dy,
                                const typename V::Scalar* y, const typename V::Scalar* target, Index rows,
                                const typename V::Scalar* weights, typename V::Scalar scale,
                                typename V::Scalar divisor, const Loss& loss) {
  using Vec = typename V::Vec;
  for_vectors<V>(rows, [&](Index r, auto cover) {
    const LossAndSlope<V> f = loss(cover.load(y + r), cover.load(target + r));
    cover.store(row_loss + r, (Vec{} + f.loss) / divisor);  // 0 + -0 is 0, as in a sum
    if (dy == nullptr) return;
    const Vec weight = weights == nullptr ? broadcast<V>(scale) : scale * cover.load(weights + r);
    cover.store(dy + r, f.slope * (weight / divisor));
  });
}

template <class V, template <class> class Loss>
void elementwise_loss(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dy,
                      Matrix<const typename V::Scalar> y, Matrix<const typename V::Scalar> target,
                      const typename V::Scalar* weights, typename V::Scalar scale, typename V::Scalar divisor,
                      typename V::Scalar parameter) {
  using T = typename V::Scalar;
  const Loss<V> loss(parameter);
  if (y.cols == 1 && y.stride == 1 && target.stride == 1 && (dy.data == nullptr || dy.stride == 1)) {
    return column_loss<V>(row_loss, dy.data, y.data, target.data, y.rows, weights, scale, divisor, loss);
  }
  for (Index r = 0; r < y.rows; ++r) {
    const T factor = (weights == nullptr ? scale : scale * weights[r]) / divisor;
    VirtualLanes<V> sum;
    for_slots<V>(y.cols, [&](Index j, auto slot, auto cover) {
      const LossAndSlope<V> f = loss(cover.load(y.row(r) + j), cover.load(target.row(r) + j));
      sum.add(slot, cover.select(f.loss, typename V::Vec{}));
      if (dy.data != nullptr) cover.store(dy.row(r) + j, f.slope * factor);
    });
    row_loss[r] = sum.total() / divisor;
  }
}

}  // namespace
}  // namespace fastdnn
