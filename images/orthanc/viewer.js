// OHIF's settings; Orthanc's plugin appends the data source. https://docs.ohif.org/configuration/configurationFiles
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
  // Requests in flight per browser. Each uses one of Orthanc's threads, which all users share.
  maxNumRequests: { interaction: 20, thumbnail: 10, prefetch: 10 },
  // OHIF is not a medical device, and shows that once a day.
  investigationalUseDialog: { option: 'configure', days: 1 },
};
