#include <pybind11/stl.h>

#include <memory>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "core/interrupt.h"
#include "engine/trainer.h"

namespace fastdnn::bindings {
namespace {

// A trainer and the arrays that it reads, which live as long.
struct BoundTrainer {
  SourceArrays arrays;
  Trainer trainer;
  std::optional<NonFinite> non_finite;  // of the last run
};

const char* name_of(RunReport::End end) {
  switch (end) {
    case RunReport::End::epoch_done:
      return "epoch_done";
    case RunReport::End::paused:
      return "paused";
    case RunReport::End::interrupted:
      return "interrupted";
    case RunReport::End::non_finite_loss:
      return "non_finite_loss";
    case RunReport::End::non_finite_source:
      return "non_finite_source";
  }
  return "";
}

// The optimiser's scalars, row by row.
std::vector<StepScalars> scalars_from(const Trainer& trainer, const Array<double>& table) {
  const Matrix<const double> rows = input_matrix(table, "Trainer");
  const std::vector<ScalarColumn>& columns = trainer.optimizer().columns();
  check(table.ndim() == 2 && rows.cols == static_cast<Index>(columns.size()), "Trainer",
        "expected a table of the optimiser's ", columns.size(), " scalars");
  std::vector<StepScalars> scalars;
  for (Index row = 0; row < rows.rows; ++row) scalars.push_back(scalars_of(columns, rows.row(row)));
  return scalars;
}

// What `run` reports, once the handlers of a Ctrl-C in it have run.
template <class Run>
py::tuple reported(BoundTrainer& bound, const Run& run) {
  RunReport report;
  {
    const WithoutGil release;
    report = run();
  }
  if (report.end == RunReport::End::interrupted) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    InterruptScope::forget();
  }
  bound.non_finite.reset();
  if (report.end == RunReport::End::non_finite_source) bound.non_finite = report.non_finite;
  return py::make_tuple(name_of(report.end), report.batch, report.threads);
}

py::tuple run_trainer(BoundTrainer& bound, const Array<double>& table, double seconds, int threads,
                      bool main_thread, Index steps, const py::object& calls,
                      const std::vector<Index>& samples) {
  const std::vector<StepScalars> scalars = scalars_from(bound.trainer, table);
  const RunLimits limits{seconds, threads, main_thread, steps, call_handler(calls), nullptr, samples};
  return reported(bound, [&] { return bound.trainer.run(scalars, limits); });
}

py::tuple run_epochs(BoundTrainer& bound, const Array<double>& table, double seconds, int threads,
                     bool main_thread, std::uint32_t epoch, Index count) {
  const std::vector<StepScalars> scalars = scalars_from(bound.trainer, table);
  RunLimits limits;
  limits.seconds = seconds;
  limits.threads = threads;
  limits.watch_interrupt = main_thread;
  return reported(bound, [&] { return bound.trainer.run_epochs(scalars, limits, epoch, count); });
}

py::list epochs(const BoundTrainer& bound, Index first) {
  const std::vector<EpochTotals>& all = bound.trainer.epochs();
  check(first >= 0, "Trainer", "expected a first epoch >= 0, got ", first);
  py::list found;
  for (auto i = static_cast<std::size_t>(first); i < all.size(); ++i) {
    found.append(py::make_tuple(all[i].sums, all[i].rows));
  }
  return found;
}

// One step, timed: seconds of each step of the plan, of the optimiser's update, of the updates of states.
std::vector<double> time_step(BoundTrainer& bound, const Array<double>& table, int threads,
                              const py::object& calls) {
  const std::vector<StepScalars> scalars = scalars_from(bound.trainer, table);
  const Plan& plan = bound.trainer.plan();
  StepClock clock(plan.steps().size() + 1 + plan.updates().size());
  RunLimits limits;
  limits.threads = threads;
  limits.calls = call_handler(calls);
  limits.steps = 1;
  limits.clock = &clock;
  const WithoutGil release;
  bound.trainer.begin_epoch(0);
  bound.trainer.run(scalars, limits);
  return clock.seconds();
}

py::array_t<double> take_samples(BoundTrainer& bound) {
  const std::vector<double>& all = bound.trainer.samples();
  const Index count = bound.trainer.take_samples();
  const Index width = count == 0 ? 0 : bound.trainer.sample_width();
  return py::array_t<double>({count, width}, all.data());
}

void next_feed(BoundTrainer& bound, std::shared_ptr<Plan> plan, const SourceArrays& arrays) {
  Feed feed(plan->program(), plan->dtype(), source_views(arrays));
  bound.trainer.next_feed(std::move(plan), std::move(feed));
  bound.arrays = arrays;
}

}  // namespace

void register_training(py::module_& m) {
  py::class_<BoundTrainer>(m, "Trainer",
                           "Runs a training program over its arrays, an epoch or a part of one at a time.")
      .def(py::init([](std::shared_ptr<Plan> plan, std::shared_ptr<Parameters> parameters,
                       std::shared_ptr<Optimizer> optimizer, const SourceArrays& arrays, Index batch_size,
                       bool shuffle, std::uint64_t seed) {
             Feed feed(plan->program(), plan->dtype(), source_views(arrays));
             return std::unique_ptr<BoundTrainer>(
                 new BoundTrainer{arrays,
                                  Trainer(std::move(plan), std::move(parameters), std::move(optimizer),
                                          std::move(feed), {batch_size, shuffle, seed}),
                                  {}});
           }),
           py::arg("plan"), py::arg("parameters"), py::arg("optimizer"), py::arg("arrays"),
           py::arg("batch_size"), py::arg("shuffle"), py::arg("seed"))
      .def_property_readonly("batches", [](const BoundTrainer& b) { return b.trainer.batches(); })
      .def_property_readonly("steps_left", [](const BoundTrainer& b) { return b.trainer.steps_left(); })
      .def(
          "begin_epoch", [](BoundTrainer& b, std::uint32_t epoch) { b.trainer.begin_epoch(epoch); },
          py::arg("epoch"))
      .def("run", &run_trainer, py::arg("scalars").noconvert(), py::arg("seconds"), py::arg("threads"),
           py::arg("main_thread"), py::arg("steps") = 0, py::arg("calls") = py::none(),
           py::arg("samples") = std::vector<Index>{},
           "Steps until epoch, time or steps (0: no limit) are over. Returns (why, steps done, threads).")
      .def("run_epochs", &run_epochs, py::arg("scalars").noconvert(), py::arg("seconds"), py::arg("threads"),
           py::arg("main_thread"), py::arg("epoch"), py::arg("count"),
           "Whole epochs from `epoch` on, until their time (0: no limit) is over. Returns as `run`.")
      .def_property_readonly(
          "whole_epochs", [](const BoundTrainer& b) { return b.trainer.whole_epochs(); },
          "How many `run_epochs` has run, also while it does.")
      .def("epochs", &epochs, py::arg("first"),
           "Of the last `run_epochs`: (sums, rows) of each whole epoch from number `first` on.")
      .def(
          "forget_epochs", [](BoundTrainer& b) { b.trainer.forget_epochs(); },
          "There are none then, as before the first `run_epochs`.")
      .def("time_step", &time_step, py::arg("scalars").noconvert(), py::arg("threads"),
           py::arg("calls") = py::none(),
           "Takes the epoch's first step; returns the seconds of each native step, then of each update.")
      .def_property_readonly("non_finite", [](const BoundTrainer& b) { return place_of(b.non_finite); })
      .def(
          "sample_by",
          [](BoundTrainer& b, std::shared_ptr<Plan> plan) { b.trainer.sample_by(std::move(plan)); },
          py::arg("plan"), "The plan of sampled steps: of the same program, which watches besides.")
      .def_property_readonly(
          "next_rows", [](const BoundTrainer& b) { return b.trainer.next_rows(); },
          "Of the next step, in the arrays.")
      .def("take_samples", &take_samples,
           "Of the last run: a row of figures for each sampled step that was kept; once.")
      .def("next_feed", &next_feed, py::arg("plan"), py::arg("arrays"),
           "The epoch goes on with other rows, in their order, by a plan of the same program.")
      .def_property_readonly(
          "sums", [](const BoundTrainer& b) { return b.trainer.sums(); },
          "Of the results, over the rows of this epoch so far.")
      .def_property_readonly(
          "rows_done", [](const BoundTrainer& b) { return b.trainer.rows_done(); },
          "How many rows those are.");
}

}  // namespace fastdnn::bindings
