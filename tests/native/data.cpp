#include "kernels/csr_matmul.h"
#include "kernels/dropout.h"
#include "kernels/embedding.h"
#include "kernels/gather.h"
#include "kernels/gaussian_noise.h"
#include "kernels/max_norm.h"
#include "kernels/norm.h"
#include "kernels/penalty.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

Array<std::int32_t> indices(Case& c, Index rows, Index cols, Index below) {
  Array<std::int32_t> index(rows, cols, c.edge);
  for (Index i = 0; i < rows * cols; ++i)
    index[i] = static_cast<std::int32_t>(c.random.integer(0, below - 1));
  return index;
}

template <class T, class S>
void gather_from(Case& c, SourceType type, const char* name) {
  const Array<S> x(c.rows, c.cols, c.edge, 3);
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.cols; ++j) x(i, j) = static_cast<S>(c.random.integer(0, 100));
  }
  const auto order = indices(c, 1, c.rows + 2, c.rows);
  const auto mean = c.integers<T>(1, c.cols);
  const auto std = c.reals<T>(1, c.cols);
  const auto y = c.blank<T>(order.cols(), c.cols, 3);
  const Source source{x.data(), type, c.rows, c.cols, x.matrix().stride, 1};
  c.run([&](Team& team) {
    expect(gather_features<T>(team, y, source, order.data(), {mean.data(), std.data(), T{0.5}}),
           "not finite");
  });
  c.check(name, y,
          [&](Index i, Index j) { return (static_cast<T>(x(order[i], j)) - mean[j]) / std[j] * T{0.5}; });
}

}  // namespace

// Types of one, two and eight bytes.
template <class T>
void gathering_features(Case& c) {
  gather_from<T, std::uint8_t>(c, SourceType::u8, "uint8");
  gather_from<T, std::int16_t>(c, SourceType::i16, "int16");
  gather_from<T, std::int64_t>(c, SourceType::i64, "int64");
  gather_from<T, float>(c, SourceType::f32, "float32");
}

// Two indices in each row.
template <class T>
void embeddings(Case& c) {
  const Index table_rows = 5;
  const auto table = c.integers<T>(table_rows, c.cols, 3);
  const auto index = indices(c, c.rows, 2, table_rows);
  const auto dy = c.integers<T>(c.rows, 2 * c.cols);
  const auto y = c.blank<T>(c.rows, 2 * c.cols, 3);
  const auto dtable = c.blank<T>(table_rows, c.cols, 3);
  const auto added = c.copy(table);
  const Index n = 2 * c.rows;
  const Array<std::int32_t> distinct(1, n, c.edge), starts(1, n + 1, c.edge), places(1, n, c.edge);
  const Array<std::uint64_t> scratch(1, 2 * n, c.edge);
  RowList list{0, distinct.data(), starts.data(), places.data()};
  list_rows(list, scratch.data(), index.data(), n, table_rows);
  const auto rows = c.blank<T>(list.count, c.cols, 3);
  c.run([&](Team& team) {
    embedding<T>(team, y, table, index.data(), 2);
    embedding_backward<T>(team, dtable, dy, list, 2, false);
    embedding_backward<T>(team, added, dy, list, 2, true);
    embedding_backward_rows<T>(team, rows, dy, list, 2);
  });
  const auto sum = [&](Index row, Index j) {
    T total = 0;
    for (Index place = 0; place < n; ++place) {
      if (index[place] == row) total += dy(place / 2, place % 2 * c.cols + j);
    }
    return total;
  };
  c.check("y", y, [&](Index i, Index j) { return table(index[2 * i + j / c.cols], j % c.cols); });
  c.check("dtable", dtable, sum);
  c.check("dtable, added", added, [&](Index i, Index j) { return table(i, j) + sum(i, j); });
  c.check("rows", rows, [&](Index u, Index j) { return sum(distinct[u], j); });
}

// Rows of 0 to 4 entries in 7 columns, some of one column; the last entry lies in a column that there is not.
template <class T>
void sparse_products(Case& c) {
  const Index width = 7;
  Array<std::int64_t> starts(1, c.rows + 1, c.edge);
  starts[0] = 0;
  for (Index i = 0; i < c.rows; ++i) starts[i + 1] = starts[i] + (3 * i + 1) % 5;
  const Index count = starts[c.rows];
  Array<std::int64_t> columns(1, count, c.edge);
  const auto values = c.integers<T>(1, count);
  for (Index e = 0; e < count; ++e) columns[e] = c.random.integer(0, width - 1);
  columns[count - 1] = width;
  const auto order = indices(c, 1, c.rows + 2, c.rows);
  const auto w = c.integers<T>(width, c.cols, 3);
  const auto bias = c.integers<T>(1, c.cols);
  const auto dy = c.integers<T>(order.cols(), c.cols, 3);
  const auto y = c.blank<T>(order.cols(), c.cols, 3);
  const auto dw = c.blank<T>(width, c.cols, 3);
  const auto added = c.copy(w);
  Source x{values.data(), sizeof(T) == 8 ? SourceType::f64 : SourceType::f32, c.rows, width, 0, 1};
  x.sparse = {starts.data(), columns.data(), true, count};
  c.run([&](Team& team) {
    csr_matmul<T>(team, y, x, order.data(), w, bias.data());
    const bool good = csr_matmul_dw<T>(team, dw, x, order.data(), dy, false);
    csr_matmul_dw<T>(team, added, x, order.data(), dy, true);
    bool met = false;
    for (Index r = 0; r < order.cols(); ++r)
      met = met || (starts[order[r]] < count && starts[order[r] + 1] == count);
    expect(good != met, "an entry beyond the columns was not told");
  });
  const auto entry = [&](Index row, Index k) {
    T sum = 0;
    for (Index e = starts[row]; e < starts[row + 1]; ++e) sum += columns[e] == k ? values[e] : T{0};
    return sum;
  };
  c.check("y", y, [&](Index i, Index j) {
    T sum = bias[j];
    for (Index k = 0; k < width; ++k) sum += entry(order[i], k) * w(k, j);
    return sum;
  });
  const auto gradient = [&](Index k, Index j) {
    T sum = 0;
    for (Index r = 0; r < order.cols(); ++r) sum += entry(order[r], k) * dy(r, j);
    return sum;
  };
  c.check("dw", dw, gradient);
  c.check("dw, added", added, [&](Index k, Index j) { return w(k, j) + gradient(k, j); });
}

template <class T>
void dropouts(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto y = c.copy(x);
  const auto dx = c.copy(x);
  const DropoutMask mask{{1, 2, 3}, 7, dropout_threshold(0.3)};
  c.run([&](Team& team) {
    dropout_forward<T>(team, y, y, mask);  // in place
    dropout_backward<T>(team, dx, x, mask, true);
  });
  const auto factor = [&](Index i, Index j) {
    const auto block = static_cast<std::uint64_t>(((mask.first_row + i) << 32) + j / 128 * 16 + j % 16);
    const std::uint32_t word = random_block(1, 2, 3, block)[static_cast<std::size_t>(j / 16 % 4)];
    const auto bits = static_cast<std::int32_t>(j % 128 < 64 ? word & 0xffffU : word >> 16U);
    return bits < mask.threshold ? T{0} : static_cast<T>(1 / (1 - mask.threshold / 65536.0));
  };
  c.check("y", y, [&](Index i, Index j) { return x(i, j) * factor(i, j); });
  c.check("dx", dx, [&](Index i, Index j) { return x(i, j) + x(i, j) * factor(i, j); });
}

// In place; z as kernels/gaussian_noise.h says it, good to 12 roundings, and y's own.
template <class T>
void noises(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto y = c.copy(x);
  const GaussianNoise noise{{1, 2, 3}, 7, 0.3};
  c.run([&](Team& team) { gaussian_noise<T>(team, y, y, noise); });
  const auto deviate = [&](Index i, Index j) {
    const auto block = static_cast<std::uint64_t>(((noise.first_row + i) << 32) + j / 64 * 16 + j % 16);
    const PhiloxBlock words = random_block(1, 2, 3, block);
    const std::size_t pair = j % 64 < 32 ? 0 : 2;
    constexpr double kTurn = 6.283185307179586;
    const double phi = kTurn * (static_cast<std::int32_t>(words[pair + 1]) + 0.5) / 4294967296.0;
    const double u = (words[pair] + 0.5) / 4294967296.0;
    return std::sqrt(-2 * std::log(u)) * (j % 32 < 16 ? std::cos(phi) : std::sin(phi));
  };
  const auto want = [&](Index i, Index j) { return x(i, j) + 0.3 * deviate(i, j); };
  c.check("y", y, want, [&](Index i, Index j) {
    return 1.01 * roundoff<T>() * (std::abs(want(i, j)) + 14 * 0.3 * std::abs(deviate(i, j))) +
           0x1p-48;  // the oracle's phi and u, which are not exact near the axes and 1
  });
}

// Sums of whole numbers, by themselves and as penalties; all threads get them.
template <class T>
void norms(Case& c) {
  const Index n = c.cols;
  const auto x = c.integers<T>(1, n);
  const auto gradient = c.integers<T>(1, n);
  const auto with_penalty = c.copy(gradient);
  const Index sums = partial_sums(n);
  const Array<double> partials(4, sums, c.edge);
  const Array<double> results(c.threads, 4, c.edge);
  c.run([&](Team& team) {
    double* mine = results.matrix().row(team.rank());
    mine[0] = l1_norm<T>(team, partials.matrix().row(0), x.data(), n);
    mine[1] = l2_norm<T>(team, partials.matrix().row(1), x.data(), n);
    mine[2] = max_abs<T>(team, partials.matrix().row(2), x.data(), n);
    const Penalty terms{0.25, 0.5, 0, 1};
    mine[3] = penalty<T>(team, partials.matrix().row(3), with_penalty.data(), x.data(), n, terms);
  });
  double l1 = 0, squares = 0, largest = 0;
  for (Index j = 0; j < n; ++j) {
    const double size = std::abs(static_cast<double>(x[j]));
    l1 += size;
    squares += size * size;
    largest = std::max(largest, size);
  }
  const double want[] = {l1, std::sqrt(squares), largest, l1 / 4 + squares / 2};
  for (int rank = 0; rank < c.threads; ++rank) {
    for (int k = 0; k < 4; ++k) {
      expect(results(rank, k) == want[k], "norm ", k, " of thread ", rank, ": ", results(rank, k), ", not ",
             want[k]);
    }
  }
  c.check("gradient", with_penalty, [&](Index, Index j) {
    return gradient[j] + static_cast<T>(x[j] == 0 ? 0 : x[j] < 0 ? -0.25 : 0.25) + x[j];
  });
}

// |w|^1.5, whose exponential and logarithm have 2 ulp each.
template <class T>
void power_penalties(Case& c) {
  const auto w = c.reals<T>(1, c.cols);
  const auto gradient = c.blank<T>(1, c.cols);
  for (Index j = 0; j < c.cols; ++j) gradient[j] = 0;
  const Array<double> partials(1, partial_sums(c.cols), c.edge);
  const Array<double> result(1, 1, c.edge);
  c.run([&](Team& team) {
    const double sum = penalty<T>(team, partials.data(), gradient.data(), w.data(), c.cols, {0, 0, 2, 1.5});
    if (team.rank() == 0) result[0] = sum;
  });
  const auto size = [&](Index j) { return std::abs(static_cast<double>(w[j])); };
  double want = 0;
  for (Index j = 0; j < c.cols; ++j) want += 2 * std::pow(size(j), 1.5);
  const double of_sum = (static_cast<double>(c.cols) + 100) * 0x1p-53;  // at most a rounding for each term
  c.check("penalty", result, [&](Index, Index) { return want; }, [&](Index, Index) { return of_sum * want; });
  const auto slope = [&](Index, Index j) {
    return std::copysign(3 * std::sqrt(size(j)), static_cast<double>(w[j]));
  };
  c.check("gradient", gradient, slope,
          [&](Index, Index j) { return (roundoff<T>() + 64 * 0x1p-53) * std::abs(slope(0, j)); });
}

// Of whole numbers the norms are exact but for the root.
template <class T>
void max_norms(Case& c) {
  constexpr T kLimit = 6;
  for (const int axis : {0, 1}) {
    const auto before = c.integers<T>(c.rows, c.cols, 3, 3);
    const auto w = c.copy(before);
    c.run([&](Team& team) { max_norm<T>(team, w, kLimit, axis); });
    const auto factor = [&](Index i, Index j) {
      double squares = 0;
      for (Index k = 0; k < (axis == 0 ? c.rows : c.cols); ++k) {
        squares += std::pow(static_cast<double>(axis == 0 ? before(k, j) : before(i, k)), 2);
      }
      return squares <= 36 ? 1 : 6 / std::sqrt(squares);
    };
    const auto want = [&](Index i, Index j) { return static_cast<double>(before(i, j)) * factor(i, j); };
    c.check(axis == 0 ? "columns" : "rows", w, want, [&](Index i, Index j) {
      return factor(i, j) == 1 ? 0 : 4 * roundoff<T>() * std::abs(want(i, j));
    });
  }
}

#define FASTDNN_INSTANTIATE(test)      \
  template void test<float>(Case & c); \
  template void test<double>(Case & c);
FASTDNN_INSTANTIATE(gathering_features)
FASTDNN_INSTANTIATE(embeddings)
FASTDNN_INSTANTIATE(sparse_products)
FASTDNN_INSTANTIATE(dropouts)
FASTDNN_INSTANTIATE(noises)
FASTDNN_INSTANTIATE(norms)
FASTDNN_INSTANTIATE(power_penalties)
FASTDNN_INSTANTIATE(max_norms)
#undef FASTDNN_INSTANTIATE

}  // namespace fastdnn::native
