{{- define "unhaunt.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "unhaunt.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "unhaunt.labels" -}}
{{ include "unhaunt.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* The service for ad servers. Its pods are none of those that select workers. */ -}}
{{- define "unhaunt.serve.name" -}}
{{- include "unhaunt.name" . }}-serve
{{- end -}}

{{- define "unhaunt.serve.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-serve
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "unhaunt.serve.labels" -}}
{{ include "unhaunt.serve.selector" . }}
app.kubernetes.io/component: serve
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* The names by which it is asked within the cluster, and those that were added. */ -}}
{{- define "unhaunt.serve.hosts" -}}
{{- $name := include "unhaunt.serve.name" . -}}
{{- $hosts := list $name -}}
{{- range $suffix := list "" ".svc" ".svc.cluster.local" -}}
{{- $hosts = append $hosts (printf "%s.%s%s" $name $.Release.Namespace $suffix) -}}
{{- end -}}
{{- join "," (concat $hosts .Values.serve.hosts) -}}
{{- end -}}

{{- /* What it is told wherever it runs, and where it may write. */ -}}
{{- define "unhaunt.serve.options" -}}
{{- if .Values.serve.onDisk }}
- --folder=/var/lib/unhaunt/view
{{- end }}
{{- range .Values.serve.persons }}
- {{ printf "--person=%s" . | quote }}
{{- end }}
{{- end -}}

{{- define "unhaunt.serve.scheme" -}}
{{- ternary "HTTPS" "HTTP" (ne .Values.serve.tls.secret "") -}}
{{- end -}}

{{- define "unhaunt.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* A setting of the workers, or what the program has where it is not set. */ -}}
{{- define "unhaunt.transactionSeconds" -}}
{{- .Values.settings.transaction_seconds | default 20 -}}
{{- end -}}
{{- define "unhaunt.sessionSeconds" -}}
{{- .Values.settings.session_seconds | default 8 -}}
{{- end -}}
{{- define "unhaunt.application" -}}
{{- .Values.settings.application | default "unhaunt" -}}
{{- end -}}

{{- /* The variables of every container: where Kafka is, the settings, and what was added. */ -}}
{{- define "unhaunt.env" -}}
- name: UNHAUNT_BROKERS
  value: {{ .Values.kafka.brokers | quote }}
{{- range $name, $value := .Values.settings }}
- name: UNHAUNT_{{ upper $name }}
  value: {{ kindIs "float64" $value | ternary (int64 $value) $value | toString | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Names are looked up, and the ports of brokers and registry may be reached, wherever they are. */ -}}
{{- define "unhaunt.egress" -}}
{{- $ports := list -}}
{{- range splitList "," .Values.kafka.brokers -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .)) -}}
{{- end -}}
{{- with .Values.settings.schema_registry_url -}}
{{- $registry := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $registry.host) -}}
{{- $ports = append $ports ($port | default (ternary "443" "80" (eq $registry.scheme "https"))) -}}
{{- end -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
- ports:
    {{- range uniq $ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "unhaunt.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "unhaunt.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* What does not fit together is said before anything is installed. */ -}}
{{- define "unhaunt.check" -}}
{{- if gt (int .Values.replicas) (int .Values.partitions) -}}
{{- fail (printf "replicas: %d, but there are %d partitions: a worker without a partition has nothing to do" (int .Values.replicas) (int .Values.partitions)) -}}
{{- end -}}
{{- if and .Values.serve.enabled (not .Values.serve.insecure) (or (not .Values.serve.tokens.secret) (not .Values.serve.tls.secret)) -}}
{{- fail "serve: whoever can ask can read anybody's list, so it needs serve.tokens.secret and serve.tls.secret; or serve.insecure, where nobody else reaches it" -}}
{{- end -}}
{{- if gt (int .Values.serve.autoscaling.minReplicas) (int .Values.serve.autoscaling.maxReplicas) -}}
{{- fail (printf "serve.autoscaling: minReplicas is %d, which is more than maxReplicas, %d" (int .Values.serve.autoscaling.minReplicas) (int .Values.serve.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- if gt (int .Values.keda.maxReplicas) (int .Values.partitions) -}}
{{- fail (printf "keda.maxReplicas: %d, but there are %d partitions: a worker without a partition has nothing to do" (int .Values.keda.maxReplicas) (int .Values.partitions)) -}}
{{- end -}}
{{- end -}}
