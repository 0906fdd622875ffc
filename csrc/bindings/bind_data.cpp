#include <atomic>
#include <cmath>

#include "bindings/kernel_arguments.h"
#include "kernels/csr_matmul.h"
#include "kernels/embedding.h"
#include "kernels/gather.h"
#include "kernels/norm.h"
#include "kernels/penalty.h"

namespace fastdnn::bindings {
namespace {

// The rows that are gathered: one index for each row of y, below the rows of x.
template <class T>
const std::int32_t* checked_order(const Array<std::int32_t>& order, const Matrix<T>& y, Index rows,
                                  const char* where) {
  check(order.ndim() == 1 && order.shape(0) == y.rows, where, "expected an order of ", y.rows, " rows");
  return checked_indices(order, rows, "an order of rows", where);
}

template <class T>
void bind_gather(py::module_& m) {
  m.def(
      "gather",
      [](Array<T> y, const Array<T>& x, const Array<std::int32_t>& order, int threads) {
        const Matrix<T> out = output_matrix(y, "gather");
        const Matrix<const T> in = input_matrix(x, "gather");
        check(out.cols == in.cols, "gather", "expected ", in.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, out, in.rows, "gather");
        on_team(threads, [&](Team& team) { gather<T>(team, out, in, rows); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("order").noconvert(),
      py::arg("threads") = 1);
}

template <class T>
void bind_gather_features(py::module_& m) {
  m.def(
      "gather_features",
      [](Array<T> y, const py::array& x, const Array<std::int32_t>& order, const Optional<T>& mean,
         const Optional<T>& std, T scale, int threads) {
        const char* where = "gather_features";
        const Matrix<T> out = output_matrix(y, where);
        const Source in = source_view(x, where);
        check(out.cols == in.cols, where, "expected ", in.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, out, in.rows, where);
        const Scaling<T> scaling{optional_vector(mean, in.cols, where), optional_vector(std, in.cols, where),
                                 scale};
        std::atomic<bool> finite{true};
        on_team(threads, [&](Team& team) {
          if (!gather_features<T>(team, out, in, rows, scaling)) finite = false;
        });
        return finite.load();
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("order").noconvert(),
      py::arg("mean").noconvert().none(true) = py::none(), py::arg("std").noconvert().none(true) = py::none(),
      py::arg("scale") = 1, py::arg("threads") = 1, "Whether all of y is finite.");
}

// Indices (n,) or (n, per_row) into a table.
struct TableIndex {
  const std::int32_t* data;
  Index n, per_row;

  TableIndex(const Array<std::int32_t>& index, Index table_rows, const char* where)
      : data(checked_indices(index, table_rows, "indices", where)), n(index.shape(0)), per_row(1) {
    check(index.ndim() <= 2, where, "expected indices of one or two dimensions, got ", index.ndim());
    if (index.ndim() == 2) per_row = index.shape(1);
    check(n * per_row < Index{1} << 31, where, "expected fewer than 2^31 indices");
  }

  template <class T>
  void check_shape(const Matrix<T>& y, Index dim, const char* where) const {
    check(y.rows == n && y.cols == per_row * dim, where, "expected (", n, ", ", per_row * dim, "), got (",
          y.rows, ", ", y.cols, ")");
  }
};

// The list of the rows of an index, with its memory.
class OwnedRowList : public RowList {
 public:
  OwnedRowList(const TableIndex& index, Index table_rows) {
    const Index n = index.n * index.per_row;
    memory_.resize(static_cast<std::size_t>(3 * n + 1));
    std::vector<std::uint64_t> scratch(static_cast<std::size_t>(2 * n));
    indices = memory_.data();
    places = indices + n;
    starts = places + n;
    list_rows(*this, scratch.data(), index.data, n, table_rows);
  }

 private:
  std::vector<std::int32_t> memory_;
};

template <class T>
void bind_embedding(py::module_& m) {
  using In = const Array<T>&;
  using Indices = const Array<std::int32_t>&;
  m.def(
      "embedding",
      [](Array<T> y, In table, Indices index, int threads) {
        const Matrix<T> out = output_matrix(y, "embedding");
        const Matrix<const T> in = input_matrix(table, "embedding");
        const TableIndex rows(index, in.rows, "embedding");
        rows.check_shape(out, in.cols, "embedding");
        on_team(threads, [&](Team& team) { embedding<T>(team, out, in, rows.data, rows.per_row); });
      },
      py::arg("y").noconvert(), py::arg("table").noconvert(), py::arg("index").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "embedding_backward_rows",
      [](Array<T> rows, In dy, Indices index, Index table_rows, int threads) {
        const char* where = "embedding_backward_rows";
        const Matrix<T> out = output_matrix(rows, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        const TableIndex from(index, table_rows, where);
        from.check_shape(gradient, out.cols, where);
        const OwnedRowList list(from, table_rows);
        check(out.rows >= list.count, where, "expected at least ", list.count, " rows, got ", out.rows);
        on_team(threads,
                [&](Team& team) { embedding_backward_rows<T>(team, out, gradient, list, from.per_row); });
        return py::array_t<std::int32_t>(list.count, list.indices);
      },
      py::arg("rows").noconvert(), py::arg("dy").noconvert(), py::arg("index").noconvert(),
      py::arg("table_rows"), py::arg("threads") = 1,
      "The distinct indices; their sums are in the first rows.");
  m.def(
      "embedding_backward",
      [](Array<T> dtable, In dy, Indices index, bool accumulate, int threads) {
        const char* where = "embedding_backward";
        const Matrix<T> out = output_matrix(dtable, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        const TableIndex from(index, out.rows, where);
        from.check_shape(gradient, out.cols, where);
        const OwnedRowList list(from, out.rows);
        on_team(threads, [&](Team& team) {
          embedding_backward<T>(team, out, gradient, list, from.per_row, accumulate);
        });
      },
      py::arg("dtable").noconvert(), py::arg("dy").noconvert(), py::arg("index").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
}

template <class T>
void bind_csr_matmul(py::module_& m) {
  using In = const Array<T>&;
  using Order = const Array<std::int32_t>&;
  m.def(
      "csr_matmul",
      [](Array<T> y, const py::array& starts, const py::array& columns, const py::array& values, Order order,
         In w, const Optional<T>& bias, int threads) {
        const char* where = "csr_matmul";
        const Matrix<T> out = output_matrix(y, where);
        const Matrix<const T> weights = input_matrix(w, where);
        const Source x = sparse_view(values, starts, columns, weights.rows, where);
        check(out.cols == weights.cols, where, "expected ", weights.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, out, x.rows, where);
        const T* b = optional_vector(bias, out.cols, where);
        std::atomic<bool> good{true};
        on_team(threads, [&](Team& team) {
          if (!csr_matmul<T>(team, out, x, rows, weights, b)) good = false;
        });
        return good.load();
      },
      py::arg("y").noconvert(), py::arg("starts"), py::arg("columns"), py::arg("values"),
      py::arg("order").noconvert(), py::arg("w").noconvert(),
      py::arg("bias").noconvert().none(true) = py::none(), py::arg("threads") = 1,
      "Whether all entries that were met are finite, and in columns that there are.");
  m.def(
      "csr_matmul_dw",
      [](Array<T> dw, const py::array& starts, const py::array& columns, const py::array& values, Order order,
         In dy, bool accumulate, int threads) {
        const char* where = "csr_matmul_dw";
        const Matrix<T> out = output_matrix(dw, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        const Source x = sparse_view(values, starts, columns, out.rows, where);
        check(out.cols == gradient.cols, where, "expected ", gradient.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, gradient, x.rows, where);
        std::atomic<bool> good{true};
        on_team(threads, [&](Team& team) {
          if (!csr_matmul_dw<T>(team, out, x, rows, gradient, accumulate)) good = false;
        });
        return good.load();
      },
      py::arg("dw").noconvert(), py::arg("starts"), py::arg("columns"), py::arg("values"),
      py::arg("order").noconvert(), py::arg("dy").noconvert(), py::arg("accumulate") = false,
      py::arg("threads") = 1, "Likewise.");
}

template <class T>
void bind_norms(py::module_& m) {
  const auto bind = [&m](const char* name, auto norm) {
    m.def(
        name,
        [name, norm](const Array<T>& x, int threads) {
          const Index n = x.ndim() == 1 ? x.shape(0) : -1;
          const T* data = vector_of(x, n, name);
          std::vector<double> partials(static_cast<std::size_t>(partial_sums(n)));
          double result = 0;
          on_team(threads, [&](Team& team) {
            const double mine = norm(team, partials.data(), data, n);
            if (team.rank() == team.size() - 1) result = mine;
          });
          return result;
        },
        py::arg("x").noconvert(), py::arg("threads") = 1);
  };
  bind("l1_norm", &l1_norm<T>);
  bind("l2_norm", &l2_norm<T>);
  bind("max_abs", &max_abs<T>);
}

template <class T>
void bind_penalty(py::module_& m) {
  m.def(
      "penalty",
      [](Optional<T> gradient, const Array<T>& w, double l1, double l2, double lq, double q, int threads) {
        const Index n = w.ndim() == 1 ? w.shape(0) : -1;
        const T* weights = vector_of(w, n, "penalty");
        T* out = gradient ? vector_out(*gradient, n, "penalty") : nullptr;
        check(q >= 1 && std::isfinite(q), "penalty", "expected an exponent q >= 1, got ", q);
        check(std::isfinite(l1) && std::isfinite(l2) && std::isfinite(lq), "penalty",
              "expected finite factors, got ", l1, ", ", l2, ", ", lq);
        std::vector<double> partials(static_cast<std::size_t>(partial_sums(n)));
        double result = 0;
        on_team(threads, [&](Team& team) {
          const double mine = penalty<T>(team, partials.data(), out, weights, n, {l1, l2, lq, q});
          if (team.rank() == team.size() - 1) result = mine;
        });
        return result;
      },
      py::arg("gradient").noconvert().none(true), py::arg("w").noconvert(), py::arg("l1") = 0,
      py::arg("l2") = 0, py::arg("lq") = 0, py::arg("q") = 1, py::arg("threads") = 1);
}

}  // namespace

void bind_data_kernels(py::module_& m) {
  bind_gather<float>(m);
  bind_gather<double>(m);
  bind_gather<std::int32_t>(m);
  bind_gather_features<float>(m);
  bind_gather_features<double>(m);
  bind_csr_matmul<float>(m);
  bind_csr_matmul<double>(m);
  bind_embedding<float>(m);
  bind_embedding<double>(m);
  bind_penalty<float>(m);
  bind_penalty<double>(m);
  bind_norms<float>(m);
  bind_norms<double>(m);
  m.def("clip_scale", &clip_scale, py::arg("norm"), py::arg("limit"));
}

}  // namespace fastdnn::bindings
