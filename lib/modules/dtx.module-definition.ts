import { ConfigurableModuleBuilder } from '@nestjs/common';

import type { DtxModuleOptions } from './dtx-options.js';

/** Nest prints the name of a token that it cannot resolve, so the name is the advice. */
const OPTIONS_TOKEN = Symbol.for(
  'dtx:options of DtxModule. ' +
    'Import DtxModule.forRoot({ applicationId: "my-app" }), and not DtxModule itself',
);

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<DtxModuleOptions>({ optionsInjectionToken: OPTIONS_TOKEN })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createDtxOptions')
    .build();
