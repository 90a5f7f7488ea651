package server

import (
	"net/http"

	"github.com/gowats/gowats/app/auth"
)

// figureRoutes are the figures of the protocol that this server does not have yet. They are told apart from addresses that do not exist, so that a
// client can say what is missing.
func figureRoutes() []route {
	return []route{
		{http.MethodGet, "/api/App/VolumeYield", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/VolumeYield", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/App/HighVolume", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/HighVolume", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/App/WorstYield", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/WorstYield", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/HighVolumeByProductGroup", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/WorstYieldByProductGroup", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/DynamicRepair", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/App/RelatedRepairHistory", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/App/TopFailed", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/TopFailed", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/TestStepAnalysis", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/Measurements", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/AggregatedMeasurements", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/App/OeeAnalysis", auth.Read, noBody, (*server).noFigures},

		{http.MethodPost, "/api/internal/UnitFlow", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/UnitFlow/Links", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/UnitFlow/Nodes", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/UnitFlow/Units", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/UnitFlow/SN", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/UnitFlow/SplitBy", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/UnitFlow/UnitOrder", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/App/MeasurementList", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/App/MeasurementList", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/App/StepStatusList", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/App/StepStatusList", auth.Read, noBody, (*server).noFigures},
		{http.MethodGet, "/api/internal/App/TopFailed", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/App/TopFailed", auth.Read, noBody, (*server).noFigures},
		{http.MethodPost, "/api/internal/Trigger/GetAlarmAndNotificationLogs", auth.Read, noBody, (*server).noFigures},
	}
}

// noFigures says that the server lacks a figure. A body is not read.
func (s *server) noFigures(_ http.ResponseWriter, c *call) error {
	return refusef(http.StatusNotImplemented, "this server does not have the figures of %s yet; it has those of /api/App/DynamicYield", c.route.pattern)
}
