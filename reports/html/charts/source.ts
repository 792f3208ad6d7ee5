/**
 * The part of the report that runs in the reader's browser: the functions of this folder, put into the page as their
 * source text, so that no bundler is needed. They may use only each other, their arguments and the DOM, and each of them must
 * be exported: otherwise it is missing in the page.
 */
import * as draw from './draw.ts';
import * as format from './format.ts';
import * as plots from './plots.ts';
import * as readout from './readout.ts';
import * as view from './view.ts';

export const chartsSource = [format, view, readout, plots, draw].flatMap(Object.values).map(String).join('\n');
