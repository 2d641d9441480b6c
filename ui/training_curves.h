// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "train/train_job.h"
#include "ui/curves_plot.h"

#include <vector>

namespace duodiff::ui
{

/// The mean loss of each line of the log.
std::vector<Curve> lossCurves(const std::vector<TrainCurves>& log);

/// The loss of each part of 0..T-1, small t first.
std::vector<Curve> timestepCurves(const std::vector<TrainCurves>& log);

/// The loss of each exit, and how far its uncertainty is from the true one. `layers` names the exits; where
/// it is of another length they are numbered.
std::vector<Curve> layerCurves(const std::vector<TrainCurves>& log, const std::vector<int>& layers);
std::vector<Curve> errorCurves(const std::vector<TrainCurves>& log, const std::vector<int>& layers);

/// u of every exit along a sampling run.
std::vector<Curve> uncertaintyCurves(const TrainExitCurve& exits);

/// The first layer whose mean u is at most theta, at every timestep; `depth` where none is.
std::vector<Curve> exitLayerCurve(const TrainExitCurve& exits, double theta, int depth);

/// Mean of the above over the timesteps.
double meanExitLayer(const TrainExitCurve& exits, double theta, int depth);

/// A threshold that half of the uncertainties are below.
double middleThreshold(const TrainExitCurve& exits);

}  // namespace duodiff::ui
