import { ConfigurableModuleBuilder } from '@nestjs/common';

import type { CoordinatorModuleOptions } from './host-options.js';

/** Nest prints the name of a token that it cannot resolve, so the name is the advice. */
const OPTIONS_TOKEN = Symbol.for(
  'dtx:options of CoordinatorModule. ' +
    'Import CoordinatorModule.forRoot({ … }), and not CoordinatorModule itself',
);

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<CoordinatorModuleOptions>({ optionsInjectionToken: OPTIONS_TOKEN })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCoordinatorOptions')
    .build();
