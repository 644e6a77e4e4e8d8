// OHIF's settings; Orthanc's plugin appends where the studies are. https://docs.ohif.org/configuration/configurationFiles
window.config = {
  extensions: [],
  modes: [],
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: true,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  omitQuotationForMultipartRequest: true,
  // Requests in flight of one browser; each holds a thread of Orthanc, which are for everybody.
  maxNumRequests: { interaction: 20, thumbnail: 10, prefetch: 10 },
  // OHIF is no medical device, and says so once a day.
  investigationalUseDialog: { option: 'configure', days: 1 },
};
