#include "bindings/kernel_arguments.h"
#include "kernels/accuracy.h"
#include "kernels/elementwise_loss.h"
#include "kernels/probability_cross_entropy.h"

namespace fastdnn::bindings {
namespace {

LabelSmoothing label_smoothing_from(double epsilon, const std::string& mode, Index classes,
                                    const char* where) {
  const bool by_k = mode == "k";
  check(by_k || mode == "k-1", where, "expected label_smoothing_mode \"k\" or \"k-1\", got \"", mode, "\"");
  check(epsilon >= 0 && epsilon <= 1, where, "expected label_smoothing in 0..1, got ", epsilon);
  check(by_k || epsilon == 0 || classes >= 2, where, "expected two columns to smooth by k-1, got ", classes);
  return {epsilon, by_k ? LabelSmoothing::Mode::by_k : LabelSmoothing::Mode::by_k_minus_1};
}

// What the sum over the outputs is divided by.
template <class T>
T divisor_of(const std::string& outputs, Index cols, const char* where) {
  check(outputs == "mean" || outputs == "sum", where, "expected outputs \"mean\" or \"sum\", got \"", outputs,
        "\"");
  return outputs == "mean" ? static_cast<T>(cols) : T(1);
}

// What every loss is given but its target and options.
template <class T>
struct LossArguments {
  T* loss;
  Matrix<T> gradient;
  Matrix<const T> prediction;
  const T* weights;

  LossArguments(Array<T>& row_loss, Optional<T>& dy, const Array<T>& y, const Optional<T>& w,
                const char* where)
      : prediction(input_matrix(y, where)) {
    check(prediction.cols >= 1, where, "expected at least one column");
    loss = vector_out(row_loss, prediction.rows, where);
    gradient = optional_gradient(dy, prediction, where);
    weights = optional_vector(w, prediction.rows, where);
  }
};

template <class T>
Matrix<const T> target_like(const Array<T>& target, const Matrix<const T>& prediction, const char* where) {
  const Matrix<const T> wanted = input_matrix(target, where);
  same_shape(prediction, wanted, where);
  return wanted;
}

// def(name, options...): a loss of this signature; `call` gets the arguments as far as they are common.
template <class T, class Function, class... Options>
void def_loss(py::module_& m, const char* name, const char* gradient, const char* prediction,
              const char* target, const Function& function, const Options&... options) {
  m.def(name, function, py::arg("row_loss").noconvert(), py::arg(gradient).noconvert().none(true),
        py::arg(prediction).noconvert(), py::arg(target).noconvert(),
        py::arg("weights").noconvert().none(true) = py::none(), py::arg("scale") = 1, py::arg("threads") = 1,
        options...);
}

template <class T>
void bind_cross_entropies(py::module_& m) {
  using In = const Array<T>&;
  using Labels = const Array<std::int32_t>&;
  using Weights = const Optional<T>&;
  const auto epsilon = py::arg("label_smoothing") = 0.0;
  const auto mode = py::arg("label_smoothing_mode") = "k";
  def_loss<T>(
      m, "sparse_cross_entropy", "dz", "z", "labels",
      [](Array<T> row_loss, Optional<T> dz, In z, Labels labels, Weights w, T scale, int threads,
         double label_smoothing, const std::string& label_smoothing_mode) {
        const char* where = "sparse_cross_entropy";
        const LossArguments<T> a(row_loss, dz, z, w, where);
        const Index classes = a.prediction.cols;
        const std::int32_t* wanted = checked_labels(labels, a.prediction.rows, classes, where);
        const auto smoothing = label_smoothing_from(label_smoothing, label_smoothing_mode, classes, where);
        on_team(threads, [&](Team& team) {
          sparse_cross_entropy<T>(team, a.loss, a.gradient, a.prediction, wanted, a.weights, scale,
                                  smoothing);
        });
      },
      epsilon, mode);
  def_loss<T>(m, "sparse_probability_cross_entropy", "dy", "y", "labels",
              [](Array<T> row_loss, Optional<T> dy, In y, Labels labels, Weights w, T scale, int threads) {
                const char* where = "sparse_probability_cross_entropy";
                const LossArguments<T> a(row_loss, dy, y, w, where);
                const std::int32_t* wanted =
                    checked_labels(labels, a.prediction.rows, a.prediction.cols, where);
                on_team(threads, [&](Team& team) {
                  sparse_probability_cross_entropy<T>(team, a.loss, a.gradient, a.prediction, wanted,
                                                      a.weights, scale);
                });
              });
  const auto bind_categorical = [&](const char* name, const char* gradient, const char* prediction,
                                    auto kernel) {
    def_loss<T>(
        m, name, gradient, prediction, "target",
        [name, kernel](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
                       double label_smoothing, const std::string& label_smoothing_mode) {
          const LossArguments<T> a(row_loss, dy, y, w, name);
          const Matrix<const T> wanted = target_like(target, a.prediction, name);
          const auto smoothing =
              label_smoothing_from(label_smoothing, label_smoothing_mode, a.prediction.cols, name);
          on_team(threads, [&](Team& team) {
            kernel(team, a.loss, a.gradient, a.prediction, wanted, a.weights, scale, smoothing);
          });
        },
        epsilon, mode);
  };
  bind_categorical("categorical_cross_entropy", "dz", "z", &categorical_cross_entropy<T>);
  bind_categorical("categorical_probability_cross_entropy", "dy", "y",
                   &categorical_probability_cross_entropy<T>);
}

template <class T>
void bind_elementwise(py::module_& m) {
  using In = const Array<T>&;
  using Weights = const Optional<T>&;
  // The parameter of a loss, of the name that its option has. Half a loss is divided by twice as much.
  const auto run = [](const char* name, ElementwiseLoss loss, Array<T>& row_loss, Optional<T>& dy, In y,
                      In target, Weights w, T scale, int threads, const std::string& outputs, T parameter,
                      bool half = false) {
    const LossArguments<T> a(row_loss, dy, y, w, name);
    const Matrix<const T> wanted = target_like(target, a.prediction, name);
    const T divisor = (half ? 2 : 1) * divisor_of<T>(outputs, a.prediction.cols, name);
    on_team(threads, [&](Team& team) {
      elementwise_loss<T>(team, loss, a.loss, a.gradient, a.prediction, wanted, a.weights, scale, divisor,
                          parameter);
    });
  };
  def_loss<T>(
      m, "squared_error", "dy", "y", "target",
      [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads, bool half,
          const std::string& outputs) {
        run("squared_error", ElementwiseLoss::squared_error, row_loss, dy, y, target, w, scale, threads,
            outputs, 0, half);
      },
      py::arg("half") = false, py::arg("outputs") = "mean");
  const auto bind_plain = [&](const char* name, ElementwiseLoss loss, const char* outputs_default) {
    def_loss<T>(
        m, name, "dy", "y", "target",
        [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
            const std::string& outputs) {
          run(name, loss, row_loss, dy, y, target, w, scale, threads, outputs, 0);
        },
        py::arg("outputs") = outputs_default);
  };
  bind_plain("absolute_error", ElementwiseLoss::absolute_error, "mean");
  bind_plain("log_cosh", ElementwiseLoss::log_cosh, "mean");
  bind_plain("kl_divergence", ElementwiseLoss::kl_divergence, "sum");
  bind_plain("hinge", ElementwiseLoss::hinge, "mean");
  bind_plain("squared_hinge", ElementwiseLoss::squared_hinge, "mean");
  def_loss<T>(
      m, "huber", "dy", "y", "target",
      [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
          const std::string& outputs, T delta) {
        check(delta > 0, "huber", "expected delta > 0, got ", delta);
        run("huber", ElementwiseLoss::huber, row_loss, dy, y, target, w, scale, threads, outputs, delta);
      },
      py::arg("outputs") = "mean", py::arg("delta") = 1);
  const auto bind_binary = [&](const char* name, ElementwiseLoss loss) {
    def_loss<T>(
        m, name, "dy", "y", "target",
        [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
            const std::string& outputs, T label_smoothing) {
          check(label_smoothing >= 0 && label_smoothing <= 1, name, "expected label_smoothing in 0..1, got ",
                label_smoothing);
          run(name, loss, row_loss, dy, y, target, w, scale, threads, outputs, label_smoothing);
        },
        py::arg("outputs") = "mean", py::arg("label_smoothing") = 0);
  };
  bind_binary("binary_cross_entropy", ElementwiseLoss::binary_cross_entropy);
  bind_binary("binary_probability_cross_entropy", ElementwiseLoss::binary_probability_cross_entropy);
}

// What every accuracy is given but its target and options.
template <class T>
struct AccuracyArguments {
  Matrix<const T> logits;
  T* correct;

  AccuracyArguments(Array<T>& row_correct, const Array<T>& z, const char* where)
      : logits(input_matrix(z, where)) {
    check(logits.cols >= 1 && logits.cols <= kMostClasses, where, "expected 1 to ", kMostClasses,
          " columns, got ", logits.cols);
    correct = vector_out(row_correct, logits.rows, where);
  }
};

template <class T>
void bind_accuracies(py::module_& m) {
  using In = const Array<T>&;
  using Labels = const Array<std::int32_t>&;
  m.def(
      "sparse_accuracy",
      [](Array<T> row_correct, In z, Labels labels, int threads) {
        const AccuracyArguments<T> a(row_correct, z, "sparse_accuracy");
        const std::int32_t* classes = vector_of(labels, a.logits.rows, "sparse_accuracy");
        on_team(threads, [&](Team& team) { sparse_accuracy<T>(team, a.correct, a.logits, classes); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("labels").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "categorical_accuracy",
      [](Array<T> row_correct, In z, In target, int threads) {
        const AccuracyArguments<T> a(row_correct, z, "categorical_accuracy");
        const Matrix<const T> wanted = target_like(target, a.logits, "categorical_accuracy");
        on_team(threads, [&](Team& team) { categorical_accuracy<T>(team, a.correct, a.logits, wanted); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("target").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "sparse_top_k_accuracy",
      [](Array<T> row_correct, In z, Labels labels, Index k, int threads) {
        const AccuracyArguments<T> a(row_correct, z, "sparse_top_k_accuracy");
        const std::int32_t* classes = vector_of(labels, a.logits.rows, "sparse_top_k_accuracy");
        check(k >= 1, "sparse_top_k_accuracy", "expected k >= 1, got ", k);
        on_team(threads,
                [&](Team& team) { sparse_top_k_accuracy<T>(team, a.correct, a.logits, classes, k); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("labels").noconvert(),
      py::arg("k"), py::arg("threads") = 1);
  m.def(
      "categorical_top_k_accuracy",
      [](Array<T> row_correct, In z, In target, Index k, int threads) {
        const AccuracyArguments<T> a(row_correct, z, "categorical_top_k_accuracy");
        const Matrix<const T> wanted = target_like(target, a.logits, "categorical_top_k_accuracy");
        check(k >= 1, "categorical_top_k_accuracy", "expected k >= 1, got ", k);
        on_team(threads,
                [&](Team& team) { categorical_top_k_accuracy<T>(team, a.correct, a.logits, wanted, k); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("target").noconvert(),
      py::arg("k"), py::arg("threads") = 1);
  m.def(
      "binary_accuracy",
      [](Array<T> row_correct, In z, In target, T threshold, T target_threshold, int threads) {
        const AccuracyArguments<T> a(row_correct, z, "binary_accuracy");
        const Matrix<const T> wanted = target_like(target, a.logits, "binary_accuracy");
        on_team(threads, [&](Team& team) {
          binary_accuracy<T>(team, a.correct, a.logits, wanted, threshold, target_threshold);
        });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("target").noconvert(),
      py::arg("threshold") = 0.5, py::arg("target_threshold") = 0.5, py::arg("threads") = 1);
}

}  // namespace

void bind_loss_kernels(py::module_& m) {
  bind_cross_entropies<float>(m);
  bind_cross_entropies<double>(m);
  bind_elementwise<float>(m);
  bind_elementwise<double>(m);
  bind_accuracies<float>(m);
  bind_accuracies<double>(m);
}

}  // namespace fastdnn::bindings
