#include "kernels/activity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "isa/table.h"

namespace fastdnn {
namespace {

constexpr Index kRows = 256;  // at a time: few enough for their sums

// Mean and sum of squared differences to it, of so many numbers; parts are merged in a fixed order.
struct Moments {
  double count = 0, mean = 0, m2 = 0;

  void merge(double n, double other_mean, double other_m2) {
    const double all = count + n, delta = other_mean - mean;
    mean += delta * (n / all);
    m2 += other_m2 + delta * delta * (count * n / all);
    count = all;
  }
};

// The two sums of a column whose numbers are finite, but their squares too large for T.
template <class T>
std::pair<double, double> wide_sums(Matrix<const T> x, Index column) {
  const auto pivot = static_cast<double>(x.row(0)[column]);
  double sum = 0, squares = 0;
  for (Index r = 0; r < x.rows; ++r) {
    const double d = static_cast<double>(x.row(r)[column]) - pivot;
    sum += d;
    squares += d * d;
  }
  return {sum, squares};
}

template <class T>
struct Totals {
  Moments moments;
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  double zeros = 0, outside = 0;

  // `silent`: of each column, the rows so far in which it is 0.
  void add(const ColumnActivity<T>& part, T* silent, Matrix<const T> x) {
    const auto n = static_cast<double>(x.rows);
    for (Index j = 0; j < x.cols; ++j) {
      auto sum = static_cast<double>(part.sum[j]), squares = static_cast<double>(part.squares[j]);
      if (!std::isfinite(squares) && std::isfinite(part.least[j]) && std::isfinite(part.largest[j])) {
        std::tie(sum, squares) = wide_sums(x, j);
      }
      moments.merge(n, static_cast<double>(x.row(0)[j]) + sum / n, std::max(0.0, squares - sum * (sum / n)));
      least = std::min(least, static_cast<double>(part.least[j]));
      largest = std::max(largest, static_cast<double>(part.largest[j]));
      zeros += static_cast<double>(part.zeros[j]);
      outside += static_cast<double>(part.outside[j]);
      silent[j] += part.zeros[j];
    }
  }
};

template <class T>
void histogram(double* shares, Matrix<const T> x, double least, double largest) {
  std::fill(shares, shares + kActivityBins, 0.0);
  const double width = largest - least;
  const double scale = width > 1e-300 ? kActivityBins / width : 0;  // finite
  const Index rows_seen = std::clamp<Index>(kActivitySeen / x.cols, 1, x.rows);
  const Index every = (x.rows + rows_seen - 1) / rows_seen;
  double seen = 0;
  for (Index r = 0; r < x.rows; r += every, seen += static_cast<double>(x.cols)) {
    for (Index j = 0; j < x.cols; ++j) {
      const double place = (static_cast<double>(x.row(r)[j]) - least) * scale;
      shares[std::min(kActivityBins - 1, static_cast<int>(place))] += 1;
    }
  }
  for (int b = 0; b < kActivityBins; ++b) shares[b] /= seen;
}

}  // namespace

template <class T>
void activity(double* figures, T* scratch, Matrix<const T> x, T low, T high) {
  const auto at = [&](Index k) { return scratch + k * x.cols; };
  const ColumnActivity<T> part{at(0), at(1), at(2), at(3), at(4), at(5)};
  T* silent = at(6);
  std::fill(silent, silent + x.cols, T{0});
  Totals<T> totals;
  for (Index r = 0; r < x.rows; r += kRows) {
    const Matrix<const T> block = rows_of(x, {r, std::min(r + kRows, x.rows)});
    kernels<T>().column_activity(part, block, low, high);
    totals.add(part, silent, block);
  }
  const double n = totals.moments.count;
  const auto rows = static_cast<T>(x.rows);
  const bool finite = std::isfinite(totals.moments.m2) && std::isfinite(totals.largest - totals.least);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  figures[0] = totals.moments.mean;
  figures[1] = std::sqrt(totals.moments.m2 / n);
  figures[2] = totals.least;
  figures[3] = totals.largest;
  figures[4] = totals.zeros / n;
  figures[5] = totals.outside / n;
  figures[6] = static_cast<double>(std::count(silent, silent + x.cols, rows)) / static_cast<double>(x.cols);
  if (finite) {
    histogram(figures + 7, x, totals.least, totals.largest);
  } else {
    std::fill(figures + 7, figures + kActivityFigures, nan);
  }
}

template void activity(double*, float*, Matrix<const float>, float, float);
template void activity(double*, double*, Matrix<const double>, double, double);

}  // namespace fastdnn
